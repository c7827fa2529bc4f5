"""Figures as inline SVG, drawn by seaborn over matplotlib; each has `frame()`, the data it shows, and drawings.

Imports nothing of ours but `reports.load`, and seaborn only inside what draws. Seaborn neither averages nor resamples:
intervals come from the run's tables. Open `roc` first, then `curves` (lines and bands) and `svg` (style and export).
"""
