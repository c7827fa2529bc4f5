"""What network detectors share: the training loop, layers, batches, files of networks, heat maps.

May import `detection.features` and the files that all detectors share. Open `keras_detector` first.
"""
