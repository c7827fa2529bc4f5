"""What the page shows of every run, part by part, as plain data for its templates.

`reports.sections.views` puts the parts together. Open `entry` first: how a number of the table stands on the page.
"""
