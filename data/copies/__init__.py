"""Copies that are not equal byte for byte: proposed by spectra, aligned, and decided by their pixels; nothing learns.

`spectra` describes an image so that shifts, mirroring, turns by 90 degrees, the negative, frames and captions change
little; `propose` finds pairs that are near by that; `align` moves one onto the other and says how far they agree;
`forms` is for images below 32 pixels, of which only exact changes are told. May import NumPy and SciPy. Open
`data/near_duplicates.py` first, which calls them in this order.
"""
