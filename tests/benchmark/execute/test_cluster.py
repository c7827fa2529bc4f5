"""Runs on an external Dask cluster: what has gone is said in one line, and no run is lost; certificates; open doors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import kill_tools as tools
import pytest

from benchmark.execute import connection
from benchmark.execute.state import Listener, Outcome
from benchmark.plan import specs
from benchmark.plan.stage import Stage
from benchmark.use import api
from data.errors import UserError

SPEC = {
    "name": "tiny",
    "dataset": {"name": "digits", "limit": 150},
    "detector": [{"kind": "linear-pixel"}],
    "quality": {"enabled": False},
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tools.Cluster]:
    one = tools.Cluster(tmp_path_factory.mktemp("dask"))
    try:
        yield one
    finally:
        one.stop()


@pytest.fixture
def dask(shared: tools.Cluster) -> tools.Cluster:
    """A scheduler with two workers, which a test may kill: what a test before has killed is started again."""
    shared.start()
    return shared


class Once(Listener):
    """Does something when the first stage is given to the workers, so that nothing depends on how long it takes."""

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action
        self.notes: list[str] = []

    def started(self, stage: Stage) -> None:
        if self.action is not None:
            self.action()
        self.action = None

    def note(self, text: str) -> None:
        self.notes.append(text)

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        assert outcome.status != "failed", outcome.error


def run(place: Path, scheduler: str, listener: Listener | None = None) -> api.Run:
    spec = specs.Spec.model_validate(SPEC)
    return api.run(spec, out=place / "out", store=place / "store", scheduler=scheduler, listener=listener)


def killed(*some: tools.Marked) -> Callable[[], None]:
    """Returns what kills processes, with all that belongs to them, and waits until they have ended."""

    def kill() -> None:
        for one in some:
            for pid in one.family():
                one.kill(pid)
            one.process.wait()

    return kill


@pytest.mark.slow
def test_workers_that_cannot_run_it_or_see_the_store_are_named(
    dask: tools.Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_code", lambda: "mine")
    answers = {
        "cannot run fauxbench": KeyError("x"), "does not see the store": (False, "mine", None),
        "runs another version": (True, "other", None), "would give other results": (True, "mine", "It is another."),
    }  # fmt: skip
    for words, answer in answers.items():

        def look(marker: str, planned: object, answer: object = answer) -> object:
            if isinstance(answer, Exception):
                raise answer
            return answer

        look.__module__ = "__main__"  # so that it travels by value
        monkeypatch.setattr(connection, "_look", look)
        with pytest.raises(UserError, match=rf"^Worker tcp://.*{words}"):
            run(tmp_path, dask.address)


@pytest.mark.slow
def test_a_stage_that_nobody_waits_for_any_more_ends_on_its_worker(dask: tools.Cluster, tmp_path: Path) -> None:
    """The command was killed; a training of hours must not keep the cluster from the next run."""
    place = tmp_path / "run"
    spec = tools.SPEC.replace("epochs = 80", "epochs = 100000")
    assert spec != tools.SPEC
    with tools.run(place, "--scheduler", dask.address, spec=spec) as one:
        tools.wait_for(lambda: tools.is_training(place), "it trains")
        one.kill(one.process.pid)
        one.wait()
    tools.wait_for(lambda: not list((place / "runs/.store/locks").glob("*")), "the stage lets go of its lock", 60)


@pytest.mark.slow
def test_one_worker_that_is_killed_costs_no_stage(dask: tools.Cluster, tmp_path: Path) -> None:
    assert set(run(tmp_path, dask.address, Once(killed(dask.workers[0]))).cells["status"]) == {"done"}


@pytest.mark.slow
def test_workers_that_have_all_gone_are_told_in_one_line(
    dask: tools.Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill = killed(*dask.workers)

    def action() -> None:
        monkeypatch.setattr(connection, "WAIT_FOR_WORKERS", 1)  # now that the first have been waited for
        kill()

    with pytest.raises(UserError, match=r"^All workers of the scheduler at .* have gone\. What has finished is kept"):
        run(tmp_path, dask.address, Once(action))
    monkeypatch.undo()
    dask.start()
    assert set(run(tmp_path, dask.address).cells["status"]) == {"done"}


@pytest.mark.slow
def test_a_scheduler_that_is_killed_is_told_in_one_line_and_the_run_goes_on_later(
    dask: tools.Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert dask.scheduler is not None
    with pytest.raises(
        UserError, match=r"^The scheduler at tcp://127\.0\.0\.1:\d+ no longer answers\. What has .*on\.$"
    ):
        run(tmp_path, dask.address, Once(killed(dask.scheduler)))
    shown = capfd.readouterr()
    assert shown.err + shown.out == ""
    dask.start()
    assert set(run(tmp_path, dask.address).cells["status"]) == {"done"}
    tools.wait_for(lambda: not list((tmp_path / "store/locks").glob("*")), "no lock stays")


@pytest.mark.slow
def test_a_scheduler_that_is_closed_is_told_too(dask: tools.Cluster, tmp_path: Path) -> None:
    """It says good-bye to its clients, which wait for it all the same."""
    assert dask.scheduler is not None
    scheduler = dask.scheduler

    def close() -> None:
        scheduler.process.terminate()
        scheduler.process.wait()

    with pytest.raises(UserError, match="no longer answers"):
        run(tmp_path, dask.address, Once(close))


@pytest.mark.slow
def test_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of `tls://`: with them it works, and nothing is warned of; without them one line says what they need."""
    pytest.importorskip("cryptography")
    from distributed.security import Security

    secret = Security.temporary()
    files = {}
    for name in ("tls_ca_file", "tls_client_cert", "tls_client_key"):
        files[name] = tmp_path / f"{name}.pem"
        files[name].write_text(getattr(secret, name))
    options = ("--tls-ca-file", "tls_ca_file", "--tls-cert", "tls_client_cert", "--tls-key", "tls_client_key")
    dask = tools.Cluster(tmp_path / "dask", "tls", tuple(str(files.get(option, option)) for option in options))
    try:
        dask.start()
        with pytest.raises(
            UserError, match=r"^No Dask scheduler answers at tls://.*DASK_DISTRIBUTED__COMM__TLS__CA_FILE"
        ):
            run(tmp_path, dask.address)
        import dask as settings

        paths = {"ca-file": files["tls_ca_file"], "client.cert": files["tls_client_cert"],
                 "client.key": files["tls_client_key"]}  # fmt: skip
        with settings.config.set({f"distributed.comm.tls.{name}": str(path) for name, path in paths.items()}):
            listener = Once(lambda: None)
            assert set(run(tmp_path, dask.address, listener).cells["status"]) == {"done"}
        assert listener.notes == []
    finally:
        dask.stop()


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("tcp://127.0.0.1:8786", False), ("127.0.0.1:8786", False), ("tcp://localhost:8786", False),
        ("tcp://[::1]:8786", False), ("tls://10.0.0.5:8786", False),
        ("tcp://10.0.0.5:8786", True), ("10.0.0.5:8786", True), ("tcp://head.example.org:8786", True),
        ("tcp://0.0.0.0:8786", True), ("tcp://[fe80::1]:8786", True), ("ws://10.0.0.5:8786", True),
        ("ucx://10.0.0.5:8786", True), ("wss://10.0.0.5:8786", False), ("TCP://10.0.0.5:8786", True),
    ],
)  # fmt: skip
def test_a_scheduler_that_others_can_reach_without_certificates_is_warned_of(address: str, warned: bool) -> None:
    warning = connection._open_to_others(address)
    assert (warning is not None) == warned
    assert not warned or "run code" in str(warning)


@pytest.mark.parametrize(
    "address", ["", "tcp://", "nonsense", "http://127.0.0.1:1", "tcp://127.0.0.1:1", "tcp://[", "a:b"]
)
def test_an_address_without_a_scheduler_is_one_line(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "WAIT_FOR_SCHEDULER", 1)
    with pytest.raises(UserError) as refused:
        run(tmp_path, address)
    assert "\n" not in str(refused.value)
    assert address in str(refused.value)


@pytest.mark.slow
def test_two_jobs_open_no_socket(tmp_path: Path) -> None:
    """Whoever else is on the machine finds nothing to talk to; looked at for as long as the run goes on."""
    seen, looks = set(), 0
    with tools.run(tmp_path / "run", "--jobs", "2", spec=tools.QUICK) as one:
        while one.process.poll() is None:
            seen |= set(tools.sockets(list(one.family())))
            looks += bool(one.stages())
            with contextlib.suppress(Exception):
                one.process.wait(0.5)
        assert one.wait() == 0, one.said
    assert looks > 1, "its processes were never seen"
    assert not seen


def test_a_socket_would_be_seen(tmp_path: Path) -> None:
    """What the test above looks at finds what is there."""
    code = "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print('up'); time.sleep(60)"
    with tools.marked([tools.COMMAND[0], "-c", code], tmp_path) as one:
        tools.wait_for(lambda: "up" in one.said, "it listens")
        assert len(tools.sockets(list(one.family()))) == 1


@pytest.mark.slow
def test_a_scheduler_that_is_killed_while_its_workers_are_asked_is_told(
    dask: tools.Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dask.scheduler is not None
    kill = killed(dask.scheduler)
    look = connection.Watch.__init__

    def and_kill(self: connection.Watch, client: object) -> None:
        look(self, client)
        kill()

    monkeypatch.setattr(connection.Watch, "__init__", and_kill)
    with pytest.raises(UserError, match="no longer answers"):
        run(tmp_path, dask.address)
