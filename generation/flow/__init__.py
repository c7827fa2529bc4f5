"""Flow matching: noise follows a learned velocity to an image, in as many steps as one likes.

May import `generation.training` and the files that all generators share. Open `generator` first.
"""
