"""What the page holds beside words: pictures at the size at which they are seen, the data of a drawing, its axis.

Imports `reports.load` alone. Open `tiles` first.
"""
