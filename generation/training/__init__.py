"""What generators that learn by steps share: the loop, its resumable state, backends, losses, augmentation, averages.

May import `data` and the files that all generators share; knows none of them. Open `trainer` first.
"""
