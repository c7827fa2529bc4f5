"""What is of one source in a folder is said with the same options, and the same errors, for reals and for fakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.plan.stage import portable
from benchmark.plugins.describe import located
from data.errors import UserError
from data.options import options_of
from data.sources.folder import Folder as Reals
from generation.folder import Folder as Fakes

SHARED = ("groups", "groups_pattern", "groups_csv")


@pytest.fixture
def write(tmp_path):
    def written(*names: str) -> Path:
        rng = np.random.default_rng(0)
        for name in names:
            path = tmp_path / "all" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(path)
        return tmp_path / "all"

    return written


def grouped(root: Path, **options: str) -> list[dict[str, int]]:
    """Returns the group of each file, as reals and as fakes."""
    reals = Reals(path=str(root), **options).load()
    fakes = Fakes(path=str(root), **options).fit(np.zeros((1, 8, 8, 3), np.uint8))
    names = fakes.facts_at(np.arange(fakes.n_available))["id"]
    found = [(reals.ids, reals.groups), (names, fakes.groups_of)]
    return [dict(zip(ids, groups.tolist(), strict=True)) for ids, groups in found]


def table(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_both_sides_have_the_same_options():
    reals, fakes = options_of(Reals), options_of(Fakes)
    for name in SHARED:
        assert (reals[name].type_name, reals[name].default) == (fakes[name].type_name, fakes[name].default)


def test_without_options_each_file_is_alone(write):
    root = write("a_1.png", "a_2.png", "b_1.png")
    assert Reals(path=str(root)).load().groups is None
    fakes = Fakes(path=str(root)).fit(np.zeros((1, 8, 8, 3), np.uint8))
    assert fakes.groups_of is None
    assert fakes.units_of.tolist() == [0, 1, 2]


def test_by_sub_folder(write):
    root = write("x/1.png", "x/2.png", "y/deep/1.png", "y/deep/2.png", "y/1.png")
    expected = {"x/1.png": 0, "x/2.png": 0, "y/1.png": 1, "y/deep/1.png": 2, "y/deep/2.png": 2}
    assert grouped(root, groups="folder") == [expected, expected]


@pytest.mark.parametrize("pattern", ["^(.+)_", "^[a-z]+", "(?P<who>[a-z]+)_(?P<frame>[0-9]+)"])
def test_by_a_pattern_on_the_name(write, pattern):
    root = write("anna_1.png", "anna_2.png", "ben_1.png")
    expected = {"anna_1.png": 0, "anna_2.png": 0, "ben_1.png": 1}
    assert grouped(root, groups_pattern=pattern) == [expected, expected]


def test_by_a_table(write, tmp_path):
    root = write("1.png", "2.png", "3.png", "4.png")
    text = "\ufefffile_name,group,note\n3.png,b,x\n1.png,a,\n2.png,b,\n4.png,,alone\nother.png,a,\n"
    expected = {"1.png": 0, "2.png": 1, "3.png": 1, "4.png": -1}
    assert grouped(root, groups_csv=table(tmp_path / "who.csv", text)) == [expected, expected]


def test_sub_folders_that_are_sources_are_no_labels(write):
    root = write("x/1.png", "x/2.png", "y/1.png")
    assert Reals(path=str(root)).load().classes == ("x", "y")
    assert Reals(path=str(root), groups="folder").load().classes == ("all",)
    assert Reals(path=str(root), groups_pattern="^./").load().classes == ("x", "y")
    deeper = write("x/v/1.png", "y/w/1.png")
    for name in ("x/1.png", "x/2.png", "y/1.png"):
        (deeper / name).unlink()
    found = Reals(path=str(deeper), groups="folder").load()
    assert found.classes == ("x", "y"), "the level above the sources"
    assert found.groups.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"groups": "folder"}, "groups='folder' needs sub-folders, one for each source. There is none in "),
        ({"groups_pattern": "("}, r"groups_pattern must be a regular expression. Received: \( \("),
        ({"groups_pattern": "^a"}, "groups_pattern .* must match every name in .* Received: 1 of 3 .* such as b_1.png"),
        ({"groups_csv": "file_name,group\na_1.png,1\n"}, r"must name every file in .* 2 of 3 .* such as a_2\.png"),
        ({"groups_csv": "file_name,who\na_1.png,1\n"}, "needs columns file_name and group. .* without group"),
        ({"groups_csv": "file_name,group\na_1.png,1\na_1.png,2\n"}, "gives a_1.png two groups"),
        ({"groups_csv": 'file_name,group\n"a_1.png,1\n'}, "must be a CSV file in UTF-8"),
        ({"groups_csv": None}, "cannot be read"),
        ({"groups": "folder", "groups_pattern": "."}, "Only one of groups, groups_pattern and groups_csv may be given"),
        ({"groups_csv": "x", "groups_pattern": "."}, "Only one of groups, groups_pattern and groups_csv may be given"),
    ],
)
def test_errors_are_those_of_both_sides(write, tmp_path, options, said):
    root = write("a_1.png", "a_2.png", "b_1.png")
    if options.get("groups_csv"):
        options = options | {"groups_csv": table(tmp_path / "who.csv", options["groups_csv"])}
    elif "groups_csv" in options:
        options = options | {"groups_csv": str(tmp_path / "none.csv")}
    words = []
    for read in (
        lambda: Reals(path=str(root), **options).load(),
        lambda: Fakes(path=str(root), **options).fit(np.zeros((1, 8, 8, 3), np.uint8)),
    ):
        with pytest.raises(UserError, match=said) as caught:
            read()
        words.append(str(caught.value))
    assert words[0] == words[1]
    assert "\n" not in words[0]


def test_the_table_is_in_the_fingerprint_and_its_place_is_not_in_the_key(write, tmp_path):
    root = write("1.png", "2.png")
    who = tmp_path / "who.csv"
    for kind in (Reals, Fakes):
        found = []
        for text in ("file_name,group\n1.png,a\n2.png,a\n", "file_name,group\n1.png,a\n2.png,b\n"):
            found.append(kind(path=str(root), groups_csv=table(who, text)).fingerprint())
        assert len({*found, kind(path=str(root)).fingerprint()}) == 3
    options = located({"path": "all", "groups_csv": "who.csv", "groups": "file"}, tmp_path)
    assert options == {"path": str(root.resolve()), "groups_csv": str(who.resolve()), "groups": "file"}
    assert portable(options, "digest") == {"groups": "file"}


def test_near_copies_among_fakes_are_joined_as_among_reals(tmp_path):
    small = np.random.default_rng(1).integers(0, 256, (4, 4, 6, 3), np.uint8)
    scenes = [Image.fromarray(scene).resize((96, 64), Image.Resampling.BICUBIC) for scene in small]
    (tmp_path / "all").mkdir()
    for i in range(40):  # frames of a camera that shakes a little, flat
        left = i // 4 % 3
        scenes[i % 4].crop((left, 0, left + 64, 64)).save(tmp_path / "all" / f"{i:02d}.png")
    fakes = Fakes(path=str(tmp_path / "all")).fit(np.zeros((1, 64, 64, 3), np.uint8))
    assert fakes.units_of.tolist() == [i % 4 for i in range(40)]
    fakes.save(tmp_path / "saved")
    loaded = Fakes(path="gone").load(tmp_path / "saved")
    assert loaded.units_of.tolist() == fakes.units_of.tolist()
    dealt = loaded.parts({"a": 20, "b": 10, "c": 10})
    assert sum(len({int(i) % 4 for i in at}) for at in dealt.values()) == 4
    assert loaded.units_drawn(10, 3).tolist() == [int(name[:2]) % 4 for name in loaded.facts_of(10, 3)["id"]]
