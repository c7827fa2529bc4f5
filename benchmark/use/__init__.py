"""What one does with runs: start one, open one, and detect, generate, export or look at networks with a finished one.

May import all rooms but `cli`. Open `api` first: `run` goes through the whole line, `load` opens what it left.
"""
