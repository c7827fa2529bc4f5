"""Figures, drawn by matplotlib in seaborn's style.

Each has `frame()`, the data it shows, `svg()`, which draws it for the page, and `draw()`, which draws it onto axes in
any `look`. Imports nothing of ours but `reports.load` and `data.errors`, and matplotlib only inside what draws. Nothing
is averaged or resampled: intervals come from the run's tables. Open `roc` first, then `curves` (lines and bands), `svg`
(style and export for the page), and `charts` and `sheet` (the same as figures of their own).
"""
