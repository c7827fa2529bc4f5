"""Tables and pictures from a run folder: it reads files only, and shares with their other readers no more than
`data.run_folder` and `data.holm`.
"""
