"""Whether some classes of a conditional generator are easier to detect than others."""

from reports.sections.classes import section

__all__ = ["TITLE", "section"]

TITLE = "Class by class"
