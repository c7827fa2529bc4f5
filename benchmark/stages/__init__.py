"""The line, stage by stage: each a function from (its part of the spec, input folders) to an output folder.

May import `quality` and what stands below it. Open `line` first: from the real images to the metrics of a cell.
"""
