"""Numbers with intervals that hold.

Here are ranking, units, DeLong, bootstrap, intervals of rates, dealing anew and power; `cells` measures the scores of
one cell, `columns` compares several. Imports NumPy, SciPy, pandas and its own files. Open `cells.metrics` first.
"""
