"""Templates whose every value is escaped, and none of which is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(folder: Path, **more: Any) -> Environment:
    """Returns Jinja's environment for the templates of a folder.

    Args:
        folder: The folder.
        **more: What else `jinja2.Environment` takes.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **more,
    )
