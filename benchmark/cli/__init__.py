"""The command line: verbs, progress, what is installed, starting files.

May import everything of `benchmark`, and `reports`; nothing imports it. Open `main` first: it is the list of verbs.
"""
