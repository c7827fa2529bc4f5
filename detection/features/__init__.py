"""Hand-made features: cosine and Fourier coefficients, spectra, cues of format and content, fixed filters.

Imports NumPy and SciPy alone. Open `frequency` first.
"""
