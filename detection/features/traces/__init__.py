"""Traces of processing that one class of images may carry and the other not: what to look for, and who carries it.

A trace has `find(reals, fakes)`, which looks at training images of both classes for where it may be (a pixel, a level,
a side, a quality) and returns a `Found`, or `None` where such images cannot show it. A `Found` says in words where, and
of each other image whether it carries it. Nothing here is a test: images that were looked at once say nothing more.

Imports NumPy, SciPy and Pillow alone. Open `found` first, then `borders`.
"""
