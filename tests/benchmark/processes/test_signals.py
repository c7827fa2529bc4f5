"""Signals: TERM and HUP end the command as Ctrl-C does, with its clean-up, in one line, and leave what is ignored."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from benchmark.processes import signals

SLEEPER = """
import sys, time
from benchmark.cli import main as cli, doctor
def examine(data):
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("cleaned", flush=True)
doctor.examine = examine
sys.argv = ["fauxbench", "doctor"]
cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_raises_in_the_main_thread_and_restores(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(signals.Stopped) as stopped, signals.stopping():
        signal.raise_signal(number)
    assert stopped.value.code == 128 + number
    assert not isinstance(stopped.value, Exception)
    assert signal.getsignal(number) == before


def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.stopping():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGHUP, 129, "hung up"), (signal.SIGINT, 130, "interrupted")],
)
def test_the_command_cleans_up_and_says_so_in_one_line(number: signal.Signals, code: int, word: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == "cleaned\n"
    assert err == f"fauxbench: {word}. What has finished is kept; run the same command to go on.\n"


@pytest.mark.parametrize("group", ["detectors", "presets"])  # more than a pipe holds back, and less
def test_a_reader_that_has_gone_is_no_traceback(group: str, told: Callable[[str], list[str]]) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [
        sys.executable,
        "-c",
        "import sys; sys.argv[1:] = ['list', sys.argv[1]]; from benchmark.cli.main import main; main()",
        group,
    ]
    ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=120)
    os.close(write)
    assert ended.returncode == 1
    assert not told(ended.stderr)
