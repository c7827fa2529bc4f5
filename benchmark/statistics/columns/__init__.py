"""AUCs that belong together: detectors of one exam, generators under one detector, trainings of a configuration.

What they differ by, who may be the best, ranks, and what each kind of seed changes. Open `column` first.
"""
