"""Detectors, one a file: siblings of one contract, listed in `detection.BUILTINS`.

May import the other rooms of `detection`. Open `linear` first: the smallest; `cnn` is the smallest network.
"""
