"""What is measured of the scores of one cell: rates, ranked metrics, probabilities, the ROC curve, with intervals.

Open `metrics` first; `smallest` holds from how many images and units on an interval is printed.
"""
