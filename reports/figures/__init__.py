"""Figures as inline SVG, drawn by seaborn over matplotlib; each has `frame()`, the data it shows, and `svg()`, the drawing."""
