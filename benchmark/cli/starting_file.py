"""Writes the file that a new plug-in starts from: a template with the class named after the file."""

from __future__ import annotations

import re
from pathlib import Path

from benchmark.plugins import resolve as plugins
from data.errors import UserError

TEMPLATES = Path(__file__).parent / "templates"
CLASSES = {"detectors": "NewDetector", "generators": "NewGenerator"}  # in the templates
FILE = "new_plugin.py"


def write(group: str, file: Path, force: bool = False, iterative: bool = False) -> str:
    """Writes a starting file.

    Args:
        group: `"detectors"` or `"generators"`.
        file: Where to; its name ends in `.py` and names the class.
        force: Whether a file that is there is overwritten. Defaults to `False`.
        iterative: Whether a generator makes its images in steps. Defaults to `False`.

    Returns:
        What a spec calls it: `file.py:Name`.

    Raises:
        UserError: For a name that no class can be named after, a file that is there or cannot be written, or a detector
            in steps.
    """
    if iterative and group != "generators":
        raise UserError("--iterative is of generators, which may make images in steps. Received: detector.")
    if file.suffix != ".py":
        raise UserError(f"The file of a plug-in must end in .py. Received: {file}.")
    name, path = class_name(file), file.as_posix()
    if not path.isprintable() or '"' in path or "\\" in path:  # it stands in the file's docstring
        raise UserError(
            f"The path of a plug-in may not have quotes, backslashes or signs that cannot be seen. Received: {path}."
        )
    if file.exists() and not (force and file.is_file()):
        more = "Choose another name, or --force to overwrite it." if file.is_file() else "It is no file."
        raise UserError(f"{file} is there already. {more}")
    template = "iterative" if iterative else plugins.NOUNS[group]
    text = (TEMPLATES / f"{template}.py").read_text(encoding="utf-8")
    text = text.replace(f"{FILE}:{CLASSES[group]}", f"{path}:{name}").replace(CLASSES[group], name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "w" if force else "x", encoding="utf-8") as opened:  # x follows no link
            opened.write(text)
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}.") from error
    return f"{path}:{name}"


def class_name(file: Path) -> str:
    """Returns the class that a file is named after: `TinyNet` for `tiny_net.py` or `tiny-net.py`.

    Raises:
        UserError: For a file whose name gives none.
    """
    parts = re.split(r"[^A-Za-z0-9]+", file.stem)
    name = "".join(part[:1].upper() + part[1:] for part in parts)
    if not name.isidentifier() or name in ("None", "True", "False"):
        raise UserError(
            f"The file's name must give the class a name: letters and digits, a letter first. Received: {file.name}."
        )
    return name
