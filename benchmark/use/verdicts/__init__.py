"""What is said of a scored picture: like the fakes of a generator, not like them, or undecided; and on what it rests.

May import `benchmark.use.pictures_to_score` and `stored_detector`. Open `band` first: one detector's verdict.
"""
