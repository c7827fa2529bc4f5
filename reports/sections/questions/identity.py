"""Whether a face swap still looks like its person."""

from reports.sections.identity import section

__all__ = ["TITLE", "section"]

TITLE = "Does a swap still look like its person?"
