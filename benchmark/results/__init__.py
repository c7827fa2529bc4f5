"""The run folder: finished stages gathered into tables, summed up, judged, and written as files that `reports` reads.

May import `execute` and what stands below it. Open `collect` first: it names every file; `gather` reads
the store for it.
"""
