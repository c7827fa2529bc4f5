"""What the command line imports while it has to wait anyway: all that tables and page need, a second and more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from benchmark.processes.second import imported

TABLES = ("benchmark.results.collect", "scipy.stats", "pyarrow.dataset", "PIL.features", "data.near_duplicates")
PAGE = ("matplotlib.figure", "matplotlib.backends.backend_svg", "reports.page", "reports.sections.summary")


def of_results() -> Iterator[str]:
    """Imports what is needed once the stages have ended; yields the name of each module, once it is there."""
    for name in (*TABLES, *PAGE):
        imported([name])
        yield name
    with contextlib.suppress(Exception):  # whatever it is, who needs it says so
        from PIL import Image

        from reports import page

        Image.init()  # its readers, which it looks for when the first picture is written
        page.get_ready()
