"""How good images are, beside how detectable: distances, neighbours, memorisation, what is left of a person.

May import `plan` and what stands below it. Open `measures` first: what is measured of one checkpoint's fakes.
"""
