"""Findings: what a check says. Each has a number, by which the docs, the page and `--ignore` name it.

`registry` lists every one that there is; `finding` is one as it was found. A check calls `found`, whichever room it
is in, and its row goes as it is through stages and store into `audit.csv`. `docs/findings.md` is made from the list.

May import the standard library, NumPy, pandas and `data.errors`. Open `registry` first.
"""
