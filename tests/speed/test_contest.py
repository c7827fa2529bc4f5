"""What the scripts of this folder decide and print, without running anything."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def quiet(module_of):
    return module_of(HERE / "quiet.py")


@pytest.fixture
def contest(module_of):
    return module_of(HERE / "contest.py")


def test_busy_processors_from_the_system_s_ticks(quiet):
    first = "cpu  100 5 20 800 30 2 3 0 40 0\ncpu0 1 1 1 1 1 1 1 1\n"
    assert quiet.times(first) == (130, 960)  # idle and waiting are not busy; what guests took is in the first
    later = "cpu  150 5 30 940 30 2 3 0 90 0\n"
    assert quiet.share(quiet.times(first), quiet.times(later)) == pytest.approx(60 / 200)
    assert quiet.share((1, 10), (1, 10)) == 0


def test_it_waits_for_a_quiet_machine_and_not_for_ever(quiet):
    passed = iter(range(100))
    looks = iter([0.9, 0.4, 0.05, 1.0])

    def wait(limit, look):
        return quiet.wait(limit, look, lambda: 10.0 * next(passed))

    good, said = wait(60, lambda: next(looks))
    assert good
    assert "quiet: others take 5% of its processors, after 30 s" in said
    good, said = wait(60, lambda: 0.7)
    assert not good
    assert "NOT quiet: others took 70% of its processors after 60 s" in said
    good, said = wait(60, lambda: None)
    assert not good
    assert "does not say how busy it is" in said


def test_a_system_without_ticks_says_nothing(quiet, monkeypatch, tmp_path):
    monkeypatch.setattr(quiet, "STAT", tmp_path / "none")
    assert quiet.busy(0) is None
    (tmp_path / "odd").write_text("intr 5\n")
    monkeypatch.setattr(quiet, "STAT", tmp_path / "odd")
    assert quiet.busy(0) is None


def test_who_takes_part(contest):
    pairs = contest.sets(["SSE41", "AVX", "AVX2", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_BF16"])
    assert pairs == [("float32", "AVX512_CORE"), ("float32", "AVX2"), ("bfloat16", "AVX512_CORE_BF16")]
    every = contest.names(pairs, torch=True)
    assert every[:2] == ["ours alternating", "pytorch"]
    for name in ("peak bfloat16 @AVX512_CORE_BF16", "ours simultaneous bfloat16 @AVX512_CORE_BF16", *contest.TWINS):
        assert every.count(name) == 1
    assert not [name for name in contest.names(pairs, torch=False) if "pytorch" in name]
    old = contest.names(contest.sets(["AVX", "AVX2"]), torch=True)
    assert not [name for name in old if "bfloat16" in name], "no processor without it is asked for it"


def test_turns_fit_into_the_time(contest):
    assert contest.turn(200, 10, 5) == (5, 3.0)
    assert contest.turn(50, 10, 5) == (5, 1.0)
    assert contest.turn(10, 10, 5) == (2, 0.5)
    assert contest.turn(-3, 10, 5) == (1, 0.5)


def test_the_share_of_the_peak_is_of_the_set_that_both_were_held_at(contest):
    """A peak of 10 products a second, and steps of 64 images that are worth 2 products each, 4 a second: 80 %."""
    mflop = 2 * contest.PEAK_FLOP / 64 / 1e6
    rates = {
        "ours alternating": [10.0, 12.0, 11.0], "pytorch": [20.0, 10.0, 10.0], "peak float32 @AVX2": [10.0] * 3,
        "ours simultaneous @AVX2": [4.0, 3.9, 4.1], "ours alone": [3.0] * 3, "two jobs": [4.5, 4.2, 4.8],
    }  # fmt: skip
    facts = {"ours simultaneous @AVX2": {"mflop": mflop}, "pytorch": {"trainable": 1_234_567}}
    said = "\n".join(contest.table(64, rates, facts))
    assert "batch 64, 3 rounds" in said
    assert " 704  (640 to 768)" in said
    assert "1,234,567 weights" in said
    assert "ours alternating / pytorch: 1.10  (0.50 to 1.20)  goal 1.0: met" in said
    assert f"peak of float32 products on AVX2: {10 * contest.PEAK_FLOP / 1e9:.0f} GFLOP/s" in said
    assert "of that peak: 0.80  (0.78 to 0.82)  goal 0.8: met" in said
    assert "two jobs of one thread each / one of them: 1.50  (1.40 to 1.60)\n" in said + "\n"
