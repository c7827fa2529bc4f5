"""The fenced blocks of the docs, and what a comment above one says is to be done with it.

| comment above a block | means |
|---|---|
| `<!-- file: NAME -->` | it is saved as a file, which later commands of the page use |
| `<!-- append: NAME -->` | it is added to that file |
| `<!-- question: NAME -->` | it is a question, found beside those of `benchmark/plan/questions/` |
| `<!-- package: NAME -->` | it is the `pyproject.toml` of a package, whose entry points are then known |
| `<!-- refused: WHY -->` | its commands are mistakes, refused with exit code 2 |
| `<!-- some fail: WHICH -->` | some cells of its runs fail, exit code 1 |
| `<!-- background: WHY -->` | its commands run until the page ends |
| `<!-- not run: REASON -->` | it cannot run here |

A block of commands (without a language) or of Python without a comment is run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"(?:^<!-- ([a-z ]+): ([^\n]*?) -->\n)?^( *)```(\w*)\n(.*?)^ *```$", flags=re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: The page's name, such as `tutorial.md`.
        line: Where it begins.
        language: After the fence; empty for commands.
        text: What is inside.
        mark: What the comment above it says is to be done: `"file"`, `"not run"`, ...; empty without one.
        about: The rest of the comment: a name, or a reason.
    """

    page: str
    line: int
    language: str
    text: str
    mark: str
    about: str

    @property
    def commands(self) -> list[str]:
        """Its command lines, each on one line, without remarks."""
        if self.language:
            return []
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line.split("   #")[0].strip() for line in lines if line.strip()]


def of(page: Path) -> list[Block]:
    """Returns the blocks of a page in their order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        mark, about, _, language, inside = match.groups()
        line = text[: match.start(4)].count("\n") + 1
        found.append(Block(page.name, line, language, inside, mark or "", about or ""))
    return found


def every() -> list[Block]:
    """Returns the blocks of all pages."""
    return [block for page in PAGES for block in of(page)]
