"""Figures of a run for notebooks and scripts: each has `frame()`, the numbers, and `plot(ax=None)`, the drawing.

What a figure shows, it asks of its namesake in `reports.figures`, so that the page shows the same. Open
`display` first.
"""
