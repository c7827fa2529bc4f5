"""What a spec may say: its models, its file, its names and grids, `--set`, and what is told of mistakes.

Opened by `benchmark.plan.specs`, which reads a spec and checks it. Open `models` first.
"""
