"""Flow matching: an image is noise that follows a learned velocity from time 0 to time 1, in as many steps as one likes.

May import `generation.training` and the files that all generators share. Open `generator` first.
"""
