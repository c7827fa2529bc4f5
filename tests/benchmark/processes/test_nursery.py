"""The processes that do the work: what happens when one of them, or the one that starts them, is killed or stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kill_tools as tools
import pytest

from benchmark.execute.crew import Crew
from benchmark.plan.stage import Stage, Work
from benchmark.plugins import describe
from benchmark.processes import apart, hosted, leftovers, nursery
from benchmark.processes.second import Second
from benchmark.store.store import Store


def text(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A nursery and a folder of temporary files of a test's own."""
    monkeypatch.setattr(nursery, "_shared", [])
    monkeypatch.setattr(tempfile, "tempdir", None)
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    for one in nursery._shared:
        one.close()
    assert not list(folder.iterdir())


def test_an_interrupt_between_question_and_answer_confuses_no_later_one(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next process to end would be said to have ended as the number of the one that nobody waited for."""
    first = nursery.host()

    class Interrupted:
        def __init__(self, channel: object) -> None:
            self.channel = channel

        def recv(self, _: int) -> bytes:
            raise KeyboardInterrupt

        def __getattr__(self, name: str) -> object:
            return getattr(self.channel, name)

    monkeypatch.setattr(nursery.nursery(), "_channel", Interrupted(nursery.nursery()._channel))
    with pytest.raises(KeyboardInterrupt):
        nursery.host()
    assert "SIGKILL" in first.end()
    assert apart.call("os:getpid") != os.getpid()


def test_a_killed_nursery_is_replaced_and_leaves_no_files(own: Path) -> None:
    """Its copies end with it, and what they have in the temporary folder goes when the next one starts."""
    host = nursery.host()
    host.ask("tempfile:mkdtemp")
    _, made = host.heard()
    assert Path(made).is_relative_to(own)
    os.kill(nursery.nursery()._process.pid, signal.SIGKILL)
    with pytest.raises(nursery.Lost):
        host.heard()
    tools.wait_for(lambda: not Path(f"/proc/{host.pid}").exists() or _is_dead(host.pid), "the copy ends")
    assert apart.call("os:getpid") != host.pid
    assert not Path(made).exists()


@pytest.mark.parametrize("kills", [nursery.TRIES - 1, nursery.TRIES])
def test_a_nursery_that_is_killed_as_it_starts_is_tried_again(
    own: Path, monkeypatch: pytest.MonkeyPatch, kills: int
) -> None:
    from data.errors import UserError

    start, started = nursery.Nursery.__init__, []

    def and_kill(self: nursery.Nursery) -> None:
        start(self)
        started.append(self)
        if len(started) <= kills:
            os.kill(self._process.pid, signal.SIGKILL)

    monkeypatch.setattr(nursery.Nursery, "__init__", and_kill)
    if kills < nursery.TRIES:
        assert apart.call("os:getpid") != os.getpid()
        return
    with pytest.raises(UserError, match="is killed again and again"):
        nursery.host()


def test_what_a_copy_leaves_in_its_temporary_folder_ends_with_it(own: Path) -> None:
    made = Path(apart.call("tempfile:mkdtemp"))
    assert made.is_relative_to(own)
    assert not made.exists()


def test_folders_of_others_are_no_leftovers(own: Path) -> None:
    (own / "fauxbench-results").mkdir()
    (own / "fauxbench-results" / "mine.txt").write_text("mine")
    held = own / "fauxbench-held"
    held.mkdir()
    with leftovers._held(held / leftovers.OWNER, create=True) as mine:
        assert mine
        free = own / "fauxbench-free"
        free.mkdir()
        (free / leftovers.OWNER).touch()
        leftovers.sweep()
        assert sorted(path.name for path in own.iterdir()) == ["fauxbench-held", "fauxbench-results"]
    for path in (held, own / "fauxbench-results"):
        for file in path.iterdir():
            file.unlink()
        path.rmdir()


def test_locks_that_somebody_holds_stay(tmp_path: Path) -> None:
    locks = tmp_path / "locks"
    locks.mkdir()
    (locks / "left").touch()
    with leftovers._held(locks / "held", create=True):
        leftovers.unlock(tmp_path)
        assert [path.name for path in locks.iterdir()] == ["held"]


def test_processes_that_were_kept_and_killed_are_not_given_work(own: Path, tmp_path: Path) -> None:
    """Else each would cost the stage one of its tries."""
    from benchmark.plan.stage import Work

    work = Work({"name": "x", "function": "x", "key": "x", "inputs": {}, "params": {}, "where": {"broken": "as said"}})
    with Crew(1, str(Store(tmp_path / "store").root)) as crew:
        for _ in range(3):
            killed = nursery.host()
            crew._kept.append(killed)
            os.kill(killed.pid, signal.SIGKILL)
            tools.wait_for(lambda killed=killed: killed.connection.poll(), "it ends")  # type: ignore[misc]
        crew.start(work)
        ended = [event for event in crew.events() if event[0] == "ended"]
    assert ended[0][2]["error"] == "as said"


def test_a_crew_keeps_processes_of_built_in_stages_and_ends_those_of_strangers(own: Path, tmp_path: Path) -> None:
    from benchmark.plan.stage import Work

    def stage(number: int, foreign: bool) -> Work:
        where = {"broken": "as said", "foreign": foreign}
        return Work({"name": "x", "function": "x", "key": f"{number}", "inputs": {}, "params": {}, "where": where})

    hosts = []
    with Crew(1, str(Store(tmp_path / "store").root)) as crew:
        for number, foreign in enumerate((False, True, False)):
            crew.start(stage(number, foreign))
            hosts += [one.host for one in crew._working.values()]
            while crew.busy:
                list(crew.events())
        assert hosts[0] is hosts[2] is not hosts[1]
        assert hosts[1].ended
        assert not hosts[0].ended
    assert hosts[0].ended, "nothing is left at work"


KERAS = (
    "[('keras' in __import__('sys').modules), len(__import__('os').listdir('/proc/self/task')), "
    "__import__('benchmark.machine.device').machine.device.is_running('tensorflow')]"
)


def test_what_the_nursery_has_learned_its_copies_have(own: Path, tmp_path: Path) -> None:
    """Keras, without a thread that a copy would lack, and with a backend that has not started."""
    before = nursery.host(foreign=False)
    (_, threads, _) = _said(before, "builtins:eval", KERAS)
    nursery.nursery().learn()
    nursery.nursery().learn()
    after = nursery.host(foreign=False)
    assert _said(after, "builtins:eval", KERAS) == [True, threads, False]
    assert before.outgrown
    assert not after.outgrown
    with Crew(1, str(Store(tmp_path / "store").root)) as crew:
        crew._kept += [after, before]
        assert crew._idle(plain=False) is after, "one that would have to import Keras is not given work"
    assert before.ended
    after.end()


def test_what_plugins_of_others_import_is_imported_once(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a thread that a copy would lack, and anew where scikit-learn is to read another setting."""
    before = nursery.host()
    has = f"[[name in __import__('sys').modules for name in {nursery.OF_OTHERS}], {KERAS}[1]]"
    (found, threads) = _said(before, "builtins:eval", has)
    assert found == [False, False]
    for _ in range(2):
        nursery.get_ready(learn=False, first=nursery.OF_OTHERS)
    after = nursery.host()
    assert _said(after, "builtins:eval", has) == [[True, True], threads]
    first = nursery.nursery()
    monkeypatch.setenv("SKLEARN_ASSUME_FINITE", "1")
    assert not first.usable
    assert _said(nursery.host(), "builtins:eval", has)[0] == [False, False]


def test_what_was_imported_gives_way_to_what_lies_beside_a_plugin(own: Path, tmp_path: Path) -> None:
    """`joblib` is imported ahead; a folder of images called `sklearn` hides nothing."""
    place = tmp_path / "plugin"
    (place / "sklearn").mkdir(parents=True)
    (place / "joblib.py").write_text('WORDS = "what lies beside it."\n')
    (place / "mine.py").write_text(
        "import joblib\nimport sklearn\nclass Mine:\n    def fit(self, images, is_fake): ...\n"
        "    def decision_function(self, images): ...\n"
        "Mine.__doc__ = f'{sklearn.__name__} {len(sklearn.__version__) > 1} and {joblib.WORDS}'\n"
    )
    nursery.get_ready(learn=False, first=nursery.OF_OTHERS)
    known = describe.known("detectors", f"{place / 'mine.py'}:Mine")
    assert known.summary == "sklearn True and what lies beside it."


def test_what_needs_no_keras_is_done_while_it_is_imported(own: Path, tmp_path: Path) -> None:
    """The images are read by a copy from before, which is let go of where nobody wants it."""
    assert nursery.learning() is None
    nursery.get_ready(learn=True, spare=True)
    spare = nursery._shared[0].spare
    assert spare is not None
    first, second = (Work({"key": key, "where": {}, "function": "prepare", "inputs": {}}) for key in "ab")
    plain = Stage("prepare", "prepare", {})
    with Crew(1, str(Store(tmp_path / "store").root)) as crew:
        assert nursery.learning() is nursery.nursery()
        assert crew.has_process_for(plain, plain=True)
        assert not crew.has_process_for(plain, plain=False)
        assert crew._host(first, plain=True) is spare
        assert not crew.has_process_for(plain, plain=True)
        assert _said(spare, "builtins:eval", KERAS)[0] is False
        crew._kept.append(spare)
        assert crew.has_process_for(plain, plain=True)
        assert crew._host(second, plain=True) is spare, "and again, though a new one would have Keras"
        crew._kept.append(spare)
        assert nursery.learning() is nursery.nursery()
        assert not list(crew.events(also=nursery.learning())), "the end of that is an event too"
        assert nursery.learning() is None
        after = crew._host(second, plain=False)
        assert _said(after, "builtins:eval", KERAS)[0] is True
        after.end()
    assert spare.ended


def test_a_nursery_that_is_killed_while_it_learns_is_not_waited_for(own: Path) -> None:
    nursery.get_ready(learn=True)
    one = nursery.learning()
    assert one is nursery.nursery()
    os.kill(one._process.pid, signal.SIGKILL)
    tools.wait_for(lambda: nursery.learning() is None, "that is noticed")
    with Crew(1, str(Store(own / "store").root)) as crew:
        assert not list(crew.events(also=one)), "though its channel is closed"
    assert apart.call("os:getpid") != os.getpid()


def test_a_second_process_does_a_part_and_fails_alone(own: Path) -> None:
    second = Second()
    second.get_ready(["json"])
    assert second.answer() is None, "there is no nursery that it could be a copy of"
    with Second() as other:
        nursery.get_ready(learn=True)
        other.get_ready(["json"])
        assert other._host is None, "it would be waited for"
    nursery._shared.pop().close()
    for function, given, value in (("operator:add", (1, 2), 3), ("operator:truediv", (1, 0), None)):
        nursery.get_ready(learn=False)
        second.get_ready(["json", "no_such_module"])
        second.ask(function, *given)
        assert second.answer() == value
    assert second.answer() is None
    second.get_ready(["json"])
    second.ask("os:_exit", 1)
    assert second.answer() is None
    with second:
        second.get_ready(["json"])
        assert (host := second._host) is not None
    assert host.ended


def test_a_copy_that_nobody_wants_ends_by_itself(own: Path) -> None:
    nursery.get_ready(learn=False, spare=True)
    one = nursery._shared[0]
    assert one.spare is None, "there is nothing to wait for"
    one.spare = spare = nursery.Host(one, foreign=False)
    nursery.unspared()
    assert one.spare is None
    until = time.monotonic() + 20
    while Path(f"/proc/{spare.pid}/stat").read_text(encoding="ascii").split()[2] != "Z":
        assert time.monotonic() < until
        time.sleep(0.02)
    other = nursery.host(plain=True)
    assert other.pid != spare.pid
    other.end()


def test_a_nursery_that_imported_keras_by_other_settings_is_replaced(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nursery.Nursery, "_order", lambda self, what, pid: asked.append(what))
    asked: list[bytes] = []
    first = nursery.nursery()
    with monkeypatch.context() as patched:
        patched.setenv("TF_DETERMINISTIC_OPS", "1")
        first.learn()
        assert not asked, "it would import it by those it was started with"
        assert nursery.nursery() is first, "which has nothing that these change"
        patched.delenv("TF_DETERMINISTIC_OPS")
        first.learn()
        assert asked == [nursery.LEARN]
        patched.setenv("COLUMNS", "80")
        assert nursery.nursery() is first
        patched.setenv("TF_DETERMINISTIC_OPS", "1")
        assert nursery.nursery() is not first


def test_one_that_is_killed_as_it_gets_ready_is_replaced_when_it_is_needed(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = nursery.Nursery.__init__

    def and_kill(self: nursery.Nursery) -> None:
        start(self)
        os.kill(self._process.pid, signal.SIGKILL)

    with monkeypatch.context() as patched:
        patched.setattr(nursery.Nursery, "__init__", and_kill)
        nursery.get_ready(learn=True)
    assert apart.call("os:getpid") != os.getpid()


def test_a_nursery_that_imports_keras_ends_with_its_owner(own: Path) -> None:
    one = nursery.nursery()
    one.learn()
    one._channel.send(nursery.ORDER.pack(nursery.FORK, 0))  # which it has not come to
    began = time.monotonic()
    one.close()
    assert one._process.returncode == 0
    assert time.monotonic() - began < 2


def test_a_nursery_with_keras_and_without_copies_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted, "REST", 0.02)
    here, there = socket.socketpair()
    with here, there:
        monkeypatch.setitem(sys.modules, "keras", sys)
        assert not hosted._has_work(there, set())
        here.send(b"F")
        assert hosted._has_work(there, set())
        there.recv(1)
        late = threading.Timer(0.2, here.send, (b"W",))
        late.start()
        with subprocess.Popen(["sleep", "60"]) as copy:
            assert hosted._has_work(there, {copy.pid}), "a copy lives"
            there.recv(1)
            copy.kill()
            os.waitid(os.P_PID, copy.pid, os.WEXITED | os.WNOWAIT)
            assert not hosted._has_work(there, {copy.pid}), "one that has ended and was not asked about is no work"
        here.send(b"W")
        there.recv(1)
        monkeypatch.delitem(sys.modules, "keras")
        late = threading.Timer(0.2, here.send, (b"W",))
        late.start()
        assert hosted._has_work(there, set()), "it holds little"


def test_a_nursery_whose_owner_has_ended_imports_no_more(own: Path) -> None:
    here, there = socket.socketpair()
    with there:
        assert not hosted._is_over(there)
        here.send(b"F")
        assert not hosted._is_over(there), "there is something to do"
        here.close()
        assert hosted._is_over(there), "though it has not come to that"


def _said(host: nursery.Host, function: str, *arguments: object) -> Any:
    host.ask(function, *arguments)
    kind, content = host.heard(60)
    assert kind == "result", content
    return content


@pytest.mark.parametrize("way", ["its owner is killed", "its owner ends", "it is asked to end"])
def test_what_a_process_has_started_and_left_ends_too(tmp_path: Path, way: str) -> None:
    """A session of its own does not keep it, nor that its parent has ended before it."""
    code = (
        "import os, signal, sys, time\nfrom benchmark.processes import nursery\nhost = nursery.host()\n"
        "host.ask('subprocess:run', [sys.executable, '-c', 'import os, time\\nif not os.fork():\\n os.setsid()\\n "
        'print("left", flush=True)\\n time.sleep(600)\'])\nhost.heard()\n'
        f"print('ready', flush=True)\n{'' if way == 'its owner ends' else 'time.sleep(600)'}\n"
    )
    with tools.marked(text(code), tmp_path) as one:
        tools.wait_for(lambda: "left" in one.said and "ready" in one.said, one.said)
        if way == "its owner is killed":
            one.kill(one.process.pid)
        elif way == "it is asked to end":
            one.process.terminate()
        one.wait()
        assert not list(one.temporary.iterdir())


def test_a_copy_that_is_killed_is_heard_of_though_what_it_forked_lives(own: Path, tmp_path: Path) -> None:
    """A child of it that stays must not keep its line open, or its owner would wait for ever."""
    host = nursery.host()
    file = tmp_path / "forking.py"
    file.write_text(
        "import os, time, signal\ndef fork():\n    if not os.fork():\n        time.sleep(600)\n"
        "    os.system('sleep 600 &')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    host.ask("builtins:exec", f"exec(open({str(file)!r}).read()); fork()")
    with pytest.raises(nursery.Lost, match="SIGKILL"):
        host.heard(60)


def test_an_end_that_is_asked_for_inside_a_destructor_comes_all_the_same(
    own: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Python reports what is raised there, and goes on."""
    host = nursery.host()
    code = (
        "import os, time\nclass Odd:\n    def __del__(self):\n        os.kill(os.getpid(), 15); time.sleep(600)\n"
        "odd = Odd()\ndel odd\nwhile True:\n    time.sleep(0.01)\n"
    )
    host.ask("builtins:exec", code)
    with pytest.raises(nursery.Lost, match="exit code 143"):
        host.heard(60)
    assert capfd.readouterr().err == ""


def test_a_destructor_that_fails_on_the_way_out_is_not_heard(own: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Such as that of an archive which was half written when the end was asked for."""
    host = nursery.host()
    code = (
        "import os, time\nclass Odd:\n    def __del__(self):\n        raise ValueError('half written')\n"
        "odd = Odd()\ntry:\n    os.kill(os.getpid(), 15); time.sleep(600)\nfinally:\n    del odd\n"
    )
    host.ask("builtins:exec", code)
    with pytest.raises(nursery.Lost, match="exit code 143"):
        host.heard(60)
    assert capfd.readouterr().err == ""


def test_a_system_that_allows_no_process_is_told_in_one_line(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from data.errors import UserError

    monkeypatch.setattr(nursery.Nursery, "answer", lambda *_: -11)
    with pytest.raises(UserError, match="No other process can be started: Resource temporarily unavailable"):
        nursery.host()


def test_no_place_for_temporary_files_is_told_in_one_line(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from data.errors import UserError

    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc/none"])
    with pytest.raises(UserError, match=r"No other process can be started: .*No usable temporary directory"):
        nursery.host()


def _is_dead(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
