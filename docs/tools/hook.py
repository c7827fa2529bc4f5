"""Makes the built site work from a folder: a page opened from a disk may fetch nothing, so the search is one script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.plugins import event_priority


@event_priority(-100)  # after the search plug-in, which writes the index and lunr
def on_post_build(config: Any, **kwargs: Any) -> None:
    """Puts lunr, the index of all pages and our few lines into `search/main.js`, which every page loads."""
    del kwargs
    folder = Path(config["site_dir"]) / "search"
    ours = (Path(__file__).parent / "search.js").read_text(encoding="utf-8")
    index = (folder / "search_index.json").read_text(encoding="utf-8")
    lunr = (folder / "lunr.js").read_text(encoding="utf-8")
    (folder / "main.js").write_text(f"{lunr}\nconst pages = {index}.docs;\n{ours}", encoding="utf-8")
    for name in ("worker.js", "lunr.js", "search_index.json"):  # what fetches, and what is in main.js now
        (folder / name).unlink()
