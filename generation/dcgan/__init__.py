"""DCGAN and its family: options and studies, networks, the adversary in the training loop, sampling.

May import `generation.training` and the files that all generators share. Open `generator` first.
"""
