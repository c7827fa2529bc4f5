"""Every command and example of the docs is run, page by page, in a folder of its own; what cannot run says why."""

from __future__ import annotations

import re
from pathlib import Path

import blocks
import pytest
from runner import Reader
from typer.core import TyperGroup as Group
from typer.main import get_command

import benchmark
from benchmark.cli.main import app
from benchmark.plan import questions, specs

ORDER = ["tutorial.md"]  # first, in a folder without runs, as a newcomer has it
WITH_BLOCKS = sorted(
    {block.page for block in blocks.every() if block.mark != "not run" and block.language != "text"},
    key=lambda page: (page not in ORDER, page),
)
MARKS = {"", "file", "append", "question", "package", "refused", "some fail", "background", "not run"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of runs that all pages share, with its store."""
    return tmp_path_factory.mktemp("docs") / "runs"


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_BLOCKS)
def test_a_page_does_what_it_says(page, runs, tmp_path, monkeypatch, capsys):
    runs.mkdir(exist_ok=True)
    (path,) = [path for path in blocks.PAGES if path.name == page]
    reader = Reader(tmp_path, runs, monkeypatch, lambda: "".join(capsys.readouterr()))
    try:
        reader.follows(blocks.of(path))
    finally:
        reader.leaves()
        questions.known.cache_clear()
    if reader.left_out:
        pytest.skip(f"FAUXBENCH_DATA is not set; all but these were run: {'; '.join(reader.left_out)}")


@pytest.mark.slow
@pytest.mark.parametrize("preset", sorted(specs.presets()))
def test_every_preset_runs(preset, runs, request):
    """Those that no page has run are run here."""
    if preset != "digits":
        request.getfixturevalue("real_data")
    if (runs / preset / "manifest.json").is_file():
        run = benchmark.load(runs / preset)
    else:
        once = specs.load(preset).protocol.generator_seeds[1:]  # further training runs are the same again
        changes = ["protocol.generator_seeds=[0]"] if once else []
        run = benchmark.run(preset, out=runs / preset, smoke=True, changes=changes)
    assert set(run.cells["status"]) == {"done"}, run.failures
    assert run.manifest["smoke"]


def test_every_mark_is_known_and_what_is_not_run_says_why():
    found = blocks.every()
    assert len(found) > 60
    assert {block.mark for block in found} <= MARKS
    for block in found:
        assert block.language in ("", "python", "toml", "text"), f"{block.page}:{block.line}"
        if block.mark == "not run":
            assert len(block.about.split()) >= 3, f"{block.page}:{block.line}: a reason"


def test_what_is_ours_is_run_unless_the_machine_lacks_something():
    commands = [(line, block) for block in blocks.every() for line in block.commands if line.startswith("fauxbench")]
    assert len(commands) > 60
    for line, block in commands:
        assert block.mark != "not run" or block.about.startswith("needs "), f"{block.page}:{block.line}: {line}"


INLINE = sorted(set(re.findall(r"`(fauxbench [^`]+)`", " ".join(page.read_text("utf-8") for page in blocks.PAGES))))


def test_verbs_and_options_that_sentences_name_are_there():
    assert len(INLINE) > 15
    for line in INLINE:
        command = get_command(app)
        for word in re.sub(r"\s+", " ", line).split(" ")[1:]:
            if isinstance(command, Group) and word.isalpha() and word.islower():
                assert word in command.commands, line
                command = command.commands[word]
            elif word.startswith("--"):
                known = {option for parameter in command.params for option in parameter.opts}
                assert word in known | {"--help"}, line


def test_no_block_is_missed():
    """Every fence is found by the pattern, indented or not."""
    for page in blocks.PAGES:
        fences = [line for line in page.read_text(encoding="utf-8").splitlines() if line.strip().startswith("```")]
        assert len(fences) == 2 * len(blocks.of(page)), page.name
