"""No sound plug-in fails: what a check cannot be sure of is a hint; what breaks the contract still fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.plugins import check
from benchmark.plugins.check.isolated import isolated
from benchmark.plugins.check.patience import Patience
from data.errors import UserError

ROOT = Path(__file__).parents[4]
PLUGINS = ROOT / "tests" / "plugins"
GREY = "    def decision_function(self, images):\n        return -images.reshape(len(images), -1).mean(axis=1)\n"


def found(rows) -> dict[str, str]:
    """Returns what is neither passed nor skipped."""
    return {row.id: f"{row.verdict} {row.message}" for row in rows if row.verdict in ("failed", "hint")}


@pytest.mark.parametrize(
    ("name", "hints"),
    [
        ("Logistic", "clear-errors history"),
        ("pipeline", ""),
        ("Neighbours", ""),
        ("Levels", ""),
        ("FixedSize", "fit sizes-and-channels clear-errors history"),
        ("Warms", "clear-errors history"),
        ("Rounds", "save-load clear-errors history"),
        ("Half", "batch-and-order history"),
        ("Late", "clear-errors history"),
        ("Slow", "clear-errors learns history"),
    ],
)
def test_a_sound_detector_fails_nothing(name: str, hints: str) -> None:
    rows = found(check.results(check.detector_checks(f"{PLUGINS}/sound.py:{name}")))
    assert {verdict.partition(" ")[0] for verdict in rows.values()} <= {"hint"}, rows
    assert " ".join(rows) == hints, rows


@pytest.mark.parametrize(
    ("name", "hints"), [("Resample", ""), ("OneSize", "fit sizes-and-channels"), ("Collapses", "")]
)
def test_a_sound_generator_fails_nothing(name: str, hints: str) -> None:
    rows = found(check.results(check.generator_checks(f"{PLUGINS}/sound.py:{name}")))
    assert {verdict.partition(" ")[0] for verdict in rows.values()} <= {"hint"}, rows
    assert " ".join(rows) == hints, rows


@pytest.mark.parametrize("name", ["Joblib", "Processes"])
def test_processes_inside_a_plugin_work(name: str) -> None:
    assert found(isolated("detectors", f"{PLUGINS}/sound.py:{name}", {}, limit=600)) == {}


def test_processes_inside_a_plugin_work_in_an_authors_own_tests() -> None:
    for name in ("Joblib", "Spawned"):
        fit = check.detector_checks(f"{PLUGINS}/sound.py:{name}")[0]
        assert found(check.results([fit])) == {}


@pytest.mark.slow
def test_a_network_with_three_epochs_of_its_own_gets_enough_to_learn_from() -> None:
    """With 48 and with 150 images, it ranks all fakes below all reals."""
    rows = found(isolated("detectors", f"{PLUGINS}/sound_keras.py:Net", {}, limit=600))
    assert set(rows) == {"history"}, rows
    assert "Received: History" in rows["history"]


def test_few_images_are_not_enough_to_fail(tmp_path: Path) -> None:
    """Where more would take too long, a wrong sign is a hint."""
    (tmp_path / "mine.py").write_text(
        "class Mine:\n    def fit(self, images, is_fake):\n        self.sign = -1\n        return self\n"
        "    def decision_function(self, images): return images.reshape(len(images), -1).mean(axis=1)\n"
    )
    checks = check.detector_checks(f"{tmp_path}/mine.py:Mine")
    checks[0].subject.limit = 0.0  # nothing but the shared training is had for nothing
    (learns,) = (one for one in checks if one.id == "learns")
    (row,) = check.results([learns])
    assert row.verdict == "hint"
    assert "Received: 0.00 from 48 images." in row.message
    checks[0].subject.limit = 600.0
    (row,) = check.results([learns])
    assert row.verdict == "failed"


@pytest.mark.parametrize(
    ("score", "verdict"),
    [
        ("-self.sign * self.grey(images)", "failed Fakes that are darker"),  # learned, and turned round
        ("0 * self.grey(images)", "failed Scores must differ"),
        ("self.grey(images) % 1", "hint"),
    ],
)
def test_what_is_certain_fails(tmp_path: Path, score: str, verdict: str) -> None:
    (tmp_path / "mine.py").write_text(
        "class Mine:\n    def fit(self, images, is_fake):\n        grey = self.grey(images)\n"
        "        self.sign = 1 if grey[is_fake].mean() > grey[~is_fake].mean() else -1\n        return self\n"
        "    def grey(self, images): return images.reshape(len(images), -1).mean(axis=1)\n"
        f"    def decision_function(self, images): return {score}\n"
    )
    rows = found(check.results(check.detector_checks(f"{tmp_path}/mine.py:Mine")))
    assert rows["learns"].startswith(verdict), rows


def test_a_generator_of_one_image_fails(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "class Mine:\n    def fit(self, images):\n        self.one = images[:1].copy()\n"
        "    def sample(self, n, *, seed=0): return self.one.repeat(n, axis=0)\n"
    )
    rows = found(check.results(check.generator_checks(f"{tmp_path}/mine.py:Mine")))
    assert set(rows) == {"samples-differ"}
    assert rows["samples-differ"].startswith("failed Samples must differ from each other")


def test_more_images_are_asked_for_only_while_there_is_time() -> None:
    patience = Patience(limit=60)
    assert patience.lasts(48, 64)
    patience.took(48, 5.0)  # it may be 5 seconds for any number of images, or a tenth for each
    assert patience.lasts(150, 64)
    assert not patience.lasts(600, 64)
    patience.took(150, 5.1)
    assert patience.lasts(2400, 64)
    patience.took(600, 9.0)
    assert not patience.lasts(2400, 64)
    kernels = Patience(limit=60)
    kernels.took(48, 0.1)
    kernels.took(150, 1.0)
    assert kernels.expected(600) > 10, "as the square of the number of images, of which four times as many take 4 s"
    assert not Patience(limit=60).lasts(2400, 224 * 224 * 3), "they would fill the memory"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raise KeyboardInterrupt", "importing it raised KeyboardInterrupt"),
        ("import os\nos._exit(5)", "importing it ended its process (exit code 5)"),
        ("class Mine:\n    min_size = 'x'\n    def fit(s, i, f): ...\n    decision_function = fit", "a whole number"),
        ("class Mine:\n    def fit(s, i, f): ...", "lacks the method decision_function or predict_proba"),
    ],
)
def test_what_cannot_be_checked_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(UserError) as error:
        list(isolated("detectors", f"{tmp_path}/mine.py:Mine", {}, limit=60))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_whatever_a_plugin_raises_or_breaks_costs_that_check_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import os, pathlib, sys, warnings\nclass Odd(BaseException):\n    def __str__(self): raise RuntimeError\n"
        "class Mine:\n    def fit(self, images, is_fake):\n        os.chdir('/')\n        sys.path.clear()\n"
        "        sys.stdout = sys.stderr = None\n        return self\n"
        "    def explain(self, images): raise Odd\n    def save(self, folder): raise KeyboardInterrupt\n"
        "    def load(self, folder): ...\n" + GREY
    )
    rows = found(isolated("detectors", f"{tmp_path}/mine.py:Mine", {}, limit=600))
    assert set(rows) == {"explain", "save-load"}
    assert "explain raised Odd: its message cannot be printed (mine.py, line 10)" in rows["explain"]
    assert "Saving it raised KeyboardInterrupt (mine.py, line 11)" in rows["save-load"]


def test_a_script_without_a_guard_may_check(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "class Mine:\n    def fit(self, images, is_fake): return self\n"
        "    def explain(self, images):\n        import os\n        os._exit(3)\n" + GREY
    )
    (tmp_path / "script.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom benchmark.plugins.check.isolated import isolated\n"
        "print('once')\nfor row in isolated('detectors', 'mine.py:Mine', {}, 600):\n    print(row.id, row.verdict)\n"
    )
    ended = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=600, check=True
    )
    lines = ended.stdout.splitlines()
    assert lines.count("once") == 1
    assert "explain failed" in lines
    assert lines[-1] == "history skipped", "after the process was lost, another one went on"
    assert len(lines) == 13


def test_settings_that_a_plugin_is_imported_with_stay_and_others_do_not(tmp_path: Path) -> None:
    for place, expected in {"import": "warn ignore", "fit": "warn warn"}.items():
        folder = tmp_path / place
        folder.mkdir()
        change = "numpy.seterr(divide='ignore')"
        (folder / "mine.py").write_text(
            f"import numpy, pathlib\n{change if place == 'import' else ''}\nclass Mine:\n"
            f"    def fit(self, images, is_fake):\n        {change if place == 'fit' else ''}\n        return self\n"
            f"    def explain(self, images):\n        place = pathlib.Path({str(folder / 'seen')!r})\n"
            "        place.write_text(numpy.geterr()['divide'])\n        return images[..., 0].astype(float)\n" + GREY
        )
        assert found(isolated("detectors", f"{folder}/mine.py:Mine", {}, limit=600)) == {}
        assert (folder / "seen").read_text() == expected.split()[place == "import"]


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(
        "import os\nclass Mine:\n    def fit(self, images, is_fake): return self\n"
        "    def save(self, folder):\n        (folder / 'half').write_text('x')\n        os._exit(1)\n"
        "    def load(self, folder): ...\n" + GREY
    )
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    assert set(found(isolated("detectors", f"{tmp_path}/mine.py:Mine", {}, limit=600))) == {"save-load"}
    assert list(place.iterdir()) == []


def test_processes_that_a_plugin_forks_end_as_usual(tmp_path: Path) -> None:
    """A pool of `multiprocessing` sends its workers SIGTERM and waits for them; some have just been started."""
    (tmp_path / "mine.py").write_text(
        "import os, signal\nclass Mine:\n    def fit(self, images, is_fake):\n        child = os.fork()\n"
        "        usual = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL\n"
        "        free = not signal.pthread_sigmask(signal.SIG_BLOCK, [])\n"
        "        if child == 0: os._exit(0 if usual and free else 1)\n"
        "        assert os.waitpid(child, 0)[1] == 0, 'the child'\n        assert free and not usual\n" + GREY
    )
    assert found(isolated("detectors", f"{tmp_path}/mine.py:Mine", {}, limit=600)) == {}
