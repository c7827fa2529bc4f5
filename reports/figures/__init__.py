"""Figures as inline SVG; each has `frame()`, the data it shows, and `svg()`, the drawing."""
