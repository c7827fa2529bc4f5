"""The face swap: an autoencoder with one encoder and a decoder for each side.

May import `generation.training` and the files that all generators share. Open `generator` first.
"""
