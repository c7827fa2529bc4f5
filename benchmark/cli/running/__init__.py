"""The commands that run a benchmark, plan one and write its report, and those that look at what there is.

Open `run` first. Nothing heavy is imported until a command is called.
"""
