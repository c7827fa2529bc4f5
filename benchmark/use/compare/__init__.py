"""Finished runs side by side: what their specs differ in, what their cells differ by, and who stands where over all.

Imports no Keras. Open `comparison` first: what `fauxbench.compare` returns. Then `alike`, which says which row of one
run is which of another, `matched`, which says what may be compared with what, and `board`, the leaderboard over a
folder of runs.
"""
