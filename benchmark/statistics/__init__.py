"""Numbers with intervals that hold: ranking, units, DeLong, bootstrap, rates, curves, comparisons, configurations,
ranks, power.

Imports NumPy, SciPy, pandas and its own files. Open `metrics` first: what is measured of one cell's scores.
"""
