"""Whatever takes long says what it is, help is whole, and shells complete what can be named."""

from __future__ import annotations

import io
import itertools
import threading
import time
from importlib import metadata
from pathlib import Path

import pytest
import rich.console

from benchmark.cli import command, progress, screen
from benchmark.execute.state import Outcome
from benchmark.machine import runtime
from benchmark.plan.stage import Stage


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets what would be said after a moment of silence be said at once."""
    monkeypatch.setattr(screen, "QUIET", 0.0)


def placed(arguments: list[str], folder: Path) -> list[str | Path]:
    """Puts the places of a finished run into a command."""
    places = {
        "RUN": "runs/images", "RUNS": "runs", "IMAGES": "images.toml", "STORE": "runs/.store",
        "PICTURES": "runs/images/images",
    }  # fmt: skip
    return [folder / places[one] if one in places else one for one in arguments]


class Console:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def print(self, text: str, **_: object) -> None:
        self.lines.append(text)


def test_silence_is_broken_once_and_only_if_it_lasts(monkeypatch):
    said, heard = [], threading.Event()
    monkeypatch.setattr(screen, "QUIET", 0.01)
    silence = screen.Silence(lambda text: (said.append(text), heard.set()))
    silence.begins("first")
    assert heard.wait(30)
    silence.ends()
    assert said == ["first"]
    monkeypatch.setattr(screen, "QUIET", 3600.0)
    silence.begins("second")
    silence.ends()
    assert said == ["first"]


def test_short_works_one_after_the_other_are_no_silence(monkeypatch):
    said, heard = [], threading.Event()
    monkeypatch.setattr(screen, "QUIET", 0.2)
    silence = screen.Silence(lambda text: (said.append(text), heard.set()))
    end = time.monotonic() + 30
    for at in itertools.count():  # each is done long before it would be told of
        silence.begins(str(at))
        if heard.wait(0.002) or time.monotonic() > end:
            break
    silence.ends()
    assert len(said) == 1
    assert int(said[0]) > 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor"], ["data", "digits"], ["list", "presets"], ["plan", "IMAGES", "--store", "STORE"], ["report", "RUN"],
        ["compare", "RUN", "RUN"], ["describe", "mnist-1d"],
        ["generate", "RUN", "--generator", "gaussian", "--n", "2", "--out", "new"],
        ["export", "RUN", "--out", "set"], ["store", "list", "--store", "STORE"],
        ["store", "verify", "--store", "STORE"],
        ["store", "prune", "--store", "STORE"], ["check", "detector", "linear-pixel"],
        ["detect", "RUN", "PICTURES", "--detector", "linear-pixel", "--generator", "gaussian"],
    ],
)  # fmt: skip
def test_every_verb_says_what_takes_long(arguments, copied, call, at_once):
    answer = call(*placed(arguments, copied))
    verb = " ".join(arguments[:2]) if arguments[0] == "store" else arguments[0]
    assert answer.err.splitlines()[0] == f"    {command.VERBS[verb]} ..."
    assert answer.err.splitlines().count(f"    {command.VERBS[verb]} ...") == 1
    assert not any(line.endswith(" ...") for line in answer.out.splitlines())


@pytest.mark.slow
def test_a_run_says_each_stage_and_what_is_done_around_them(copied, call, at_once):
    out = copied / "runs/images"
    answer = call("run", copied / "images.toml", "--out", out, "--set", "generator.*.components=8", "--json")
    assert answer.code == 0, answer.err
    lines = answer.err.splitlines()
    for words in ("Planning", "Reading what the store has", "Starting the processes", "Writing the tables"):
        assert any(line.startswith(f"    {words}") for line in lines), words
    begun = [line.strip().split(":")[0] for line in lines if ": under way" in line]
    ended = [line.split("] ")[1].rpartition(" (")[0] for line in lines if line.startswith("[")]
    assert begun == ended
    assert any(line == "    Writing the page ..." for line in lines)
    tables = [line for line in lines if line.startswith("    Writing the tables: ") and "stages" not in line]
    parts = [line.split(", ")[-1] for line in tables]
    assert parts == [f"{at} of {len(parts)} ..." for at in range(1, len(parts) + 1)]


@pytest.mark.slow
def test_no_verb_is_silent_for_two_seconds_without_a_word(copied, silences, few_figures):
    verbs = [
        ["run", "IMAGES", "--out", "again", "--set", "generator.*.components=9"], ["plan", "IMAGES"],
        ["compare", "RUN", "again"], ["compare", "--index", "RUNS"],
        ["generate", "RUN", "--generator", "gaussian", "--n", "4", "--out", "new"],
        ["detect", "RUN", "new", "--detector", "linear-pixel", "--generator", "gaussian"],
        ["check", "detector", "linear-pixel"], ["report", "RUN", "--figures"], ["data", "digits"], ["doctor"],
        ["store", "verify", "--store", "STORE"], ["export", "RUN", "--out", "set"],
    ]  # fmt: skip
    for arguments in verbs:  # `networks` needs a network: see tests/benchmark/use/test_networks.py
        assert silences(*placed(arguments, copied)) == [], arguments


def test_a_stage_under_way_is_told_once_and_the_next_one_after_it(at_once):
    console = Console()
    plain = progress.Plain(console)
    first, second = (Stage(name, "sample", {}) for name in ("sample a", "sample b"))
    plain.started(first)
    plain.started(second)
    plain.left(600)
    plain.finished(Outcome(first, "done", 1.0), 1, 3)
    plain.started(Stage("sample c", "sample", {}))
    assert console.lines == [
        "    sample a: under way", "    sample b: under way", "[  1/3] sample a (1.0 s)",
        "    sample c: under way, about 10 min of stages left",
    ]  # fmt: skip


def test_the_live_display_names_stages_and_the_time_that_is_left():
    out = io.StringIO()
    console = rich.console.Console(file=out, force_terminal=True, width=120, color_system=None)
    live = progress.Live(console)
    try:
        live.doing("Planning")
        stage = Stage("train_generator [red]a[/] seed 0", "train_generator", {})
        live.started(stage)
        live.progress(stage.name, 1, 4, "epoch 1/4, 900 images/s, d_loss 0.50, g_loss 0.60")
        live.left(600)
        live.bars.refresh()
        live.finished(Outcome(stage, "done", 2.0), 1, 2)
        live.bars.refresh()
    finally:
        live.close()
    shown = out.getvalue()
    for words in (stage.name, "900 images/s, d_loss 0.50", "about 10 min left", f"{stage.name} (2.0 s)"):
        assert words in shown


def test_help_and_version(call):
    short, long = call("-h"), call("--help")
    assert short.out == long.out
    assert call("store", "-h").code == call("run", "-h").code == 0
    words = " ".join(short.out.split())
    for verb in ("run", "plan", "report", "data", "doctor", "generate", "export", "detect", "list", "check"):
        summary = " ".join(call(verb, "-h").out.split("\n\n")[1].split())
        assert summary in words, verb
    assert call("--version").out.startswith("fauxbench ")


def test_packages_that_lie_on_the_path_alone_have_no_version(call, monkeypatch):
    def unknown(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", unknown)
    monkeypatch.setattr(runtime, "version", runtime.version.__wrapped__)  # which remembers
    told = call("--version")
    assert (told.code, told.out.strip()) == (0, "fauxbench, which is not installed")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("run di", "digits"), ("plan cifar10-dog-", "cifar10-dog-study"), ("run sp", "spec.toml"),
        ("report runs/im", "runs/images"), ("generate ", "runs/images"), ("check detector linear-lo", "linear-log-dct"),
        ("check generator dc", "dcgan"), ("data mn", "mnist"), ("describe mni", "mnist-1d"),
        ("detect runs/images --detector sentinel-f", "sentinel-format"),
        ("generate runs/images --generator ga", "gaussian"),
    ],
)  # fmt: skip
def test_completion(typed, offered, copied, call, monkeypatch):
    monkeypatch.chdir(copied)
    Path("spec.toml").touch()
    words = ["fauxbench", *typed.split(" ")]
    monkeypatch.setenv("_FAUXBENCH_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    assert offered in call().out.split()
