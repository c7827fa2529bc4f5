"""Paths that lead nowhere, in a circle, to something else, or that no system call takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

LONG = "x" * 300
NO_PATH = {"": "empty", " ": "empty", "a\0b": "NUL", LONG: "too long", "~nobody-here/x": "home", "loop/x": "circle"}
NO_NEW = NO_PATH | {"dangling": "link to nowhere", "dangling/x": "link to nowhere", "x/" * 2100: "too long"}
NO_FOLDER = NO_NEW | {"loop": "circle", "to-file": "is a file", "file": "is a file", "file/below": "is a file"}
OPTIONS = {
    "run spec.toml --out": NO_FOLDER | {"folder": "not a run's"},
    "run spec.toml --store": NO_FOLDER,
    "run spec.toml --data": NO_PATH | {"file": "no data folder", "dangling": "no data folder", "nowhere": "no data"},
    "run spec.toml --tensorboard": NO_FOLDER,
    "run spec.toml --set quality.enabled=true --inception-weights": NO_PATH
    | {"nowhere": "nowhere", "folder": "folder"},
    "plan spec.toml --out": NO_NEW,
    "plan spec.toml --store": NO_NEW,
    "plan spec.toml --data": NO_PATH,
    "run": NO_PATH
    | {"nowhere.toml": "Unknown preset or file", "folder.toml": "is a folder", "pipe.toml": "is a device"}
    | {"dangling.toml": "Unknown preset", "/dev/null": "is a device", "/dev/zero": "is a device", "loop": "circle"},
    "plan": NO_PATH | {"folder": "is a folder"},
    "report": NO_PATH | {"nowhere": "not a run folder", "file": "not a run folder", "dangling": "not a run folder"},
    "run --real real --fake": NO_PATH | {"nowhere": "no folder nowhere", "dangling": "no folder"},
    "run --fake fake --real": NO_PATH | {"nowhere": "no folder nowhere", "file": "no folder file"},
    "doctor --data": NO_PATH,
    "data --data": NO_PATH | {"nowhere": "no data folder"},
    "data folder --set": {"path=~nobody-here": "home", f"path={LONG}": "too long", "path=loop": "circle"},
    "new detector": {key: said for key, said in NO_NEW.items() if "x/" not in key}
    | {"there.py": "there already", "folder.py": "there already", "pipe.py": "there already", "file/x.py": "file/x.py"}
    | {"1.py": "a letter first", "None.py": "a letter first", "a.txt": "end in .py", "x": "end in .py"}
    | {'a"b.py': "quotes", "a\x1bb.py": "cannot be seen", f"{LONG}.py": "too long", ".py": "end in .py"},
    "check detector": {
        "nowhere.py:X": "no detector file",
        "folder.py:X": "no detector file",
        "mine.py:X": "Known: Mine",
    }
    | {"~nobody-here/x.py:X": "home", "mine.py:": "mine.py", "mine.py:Mine": "lacks the method", ":X": "X"},
    "generate run --out": NO_NEW,
    "generate --out new --again": NO_PATH | {"nowhere": "cannot be read", "folder": "cannot be read", "file": "JSON"},
    "detect nowhere": {"": "empty", "a\0b": "NUL", "a.png": "not a run folder"},
    "detect run a.png --explain": NO_NEW,
    "detect run a.png --csv": NO_NEW | {"nowhere/x.csv": "no folder nowhere"},
    "export run --out": NO_NEW,
    "networks run --out": NO_NEW,
}
INPUTS = [([*option.split(), path], said) for option, paths in OPTIONS.items() for path, said in paths.items()]
IN_SPECS = [
    ('dataset={name="folder", path="~nobody-here"}', "home"),
    ('dataset={name="folder", path="a\\u0000b"}', "NUL"),
    (f'dataset={{name="folder", path="{LONG}"}}', "too long"),
    ('dataset={name="folder", path="loop"}', "circle"),
    ('dataset={name="folder", path=""}', "empty"),
    ('dataset={name="folder", path="nowhere"}', "nowhere"),
    ('dataset={name="folder", path="file"}', "file"),
    ('generator=[{kind="folder", path="~nobody-here"}]', "home"),
    ('generator=[{kind="folder", path="a\\u0000b"}]', "NUL"),
    (f'generator=[{{kind="folder", path="{LONG}"}}]', "too long"),
    ('generator=[{kind="folder", path="loop"}]', "circle"),
    ('generator=[{kind="~nobody-here/x.py:X"}]', "home"),
    (f'generator=[{{kind="{LONG}.py:X"}}]', "too long"),
    ('generator=[{kind="loop/x.py:X"}]', "circle"),
    ('generator=[{kind="dcgan", warm_start="~nobody-here"}]', "home"),
    (f'generator=[{{kind="dcgan", warm_start="{LONG}"}}]', "too long"),
    ('generator=[{kind="dcgan", warm_start="loop"}]', "circle"),
    ('detector=[{kind="external", path="~nobody-here"}]', "home"),
    ('detector=[{kind="external", path="loop"}]', "circle"),
    ('quality={inception_weights="~nobody-here"}', "home"),
    ('quality={inception_weights="a\\u0000b"}', "NUL"),
    (f'quality={{inception_weights="{LONG}"}}', "too long"),
]
INPUTS += [(["run", "spec.toml", "--set", change], said) for change, said in IN_SPECS]


@pytest.mark.parametrize(
    ("arguments", "said"), INPUTS, ids=lambda value: ascii(" ".join(value)[:60]) if isinstance(value, list) else ""
)
def test_path(wrong: Callable[..., str], arguments: list[str], said: str) -> None:
    assert said in wrong(*arguments)
