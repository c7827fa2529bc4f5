"""What the sentences of a run rest on: the test behind each claim, alarms that make a number doubtful, counts per part.

May import `reports.load` and `numbers`. Open `claims` first: what each detector of a column may be said to do; then
`verdicts`, which says it.
"""
