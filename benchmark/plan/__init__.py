"""From a spec to stages: presets and specs, the graph with its keys, and the cells that the benchmark reports.

May import `plugins` and what stands below it; runs nothing. Open `planner` first, then `stage`: what is in a key.
"""
