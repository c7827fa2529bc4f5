"""The sections of the page: each a function from a run's tables to what the template shows.

May import `reports.figures`, `load` and `numbers`. Open `views` first: it puts them together.
"""
