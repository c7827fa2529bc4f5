import numpy as np
import pandas as pd
import pytest

from benchmark.results.findings import Measured, noise_verdict, real_copy_verdict, sentinel_verdicts
from benchmark.statistics.chance import p_chance
from benchmark.statistics.ranking import Ranking


def test_real_copy_is_judged_family_wise():
    sound = real_copy_verdict({f"d{k}": 0.002 for k in range(9)}, 90, 90)  # 9 x 0.002 > 0.01
    assert sound["verdict"] == "pass"
    assert sound["value"] == pytest.approx(0.018)
    leak = real_copy_verdict({"cnn": 0.0005, "linear": 0.5, "other": np.nan}, 90, 90)
    assert leak["verdict"] == "alarm"
    assert leak["value"] == pytest.approx(0.001)
    assert "cnn (p 0.001)" in leak["advice"]
    assert "linear" not in leak["advice"]
    assert "1 of 3 trainings failed" in leak["advice"]
    assert real_copy_verdict({"cnn": np.nan}, 90, 90)["verdict"] == "cannot tell"
    assert real_copy_verdict({}, 90, 90)["verdict"] == "cannot tell"


def test_a_control_that_could_not_alarm_has_not_passed():
    few = real_copy_verdict({"cnn": 0.5, "linear": 0.4}, 4, 4)  # a perfect separation has p = 1 / 70
    assert few["verdict"] == "cannot tell"
    enough = real_copy_verdict({"cnn": 0.5}, 200, 200)
    assert enough["verdict"] == "pass"
    assert 0.55 < enough["smallest"] < 0.65


def test_noise_needs_one_detector():
    assert noise_verdict({"weak": 0.7, "cnn": 0.999})["verdict"] == "pass"
    blind = noise_verdict({"weak": 0.7, "cnn": 0.98, "gone": np.nan})
    assert (blind["verdict"], blind["value"]) == ("alarm", 0.98)
    assert "cnn, 0.980" in blind["advice"]
    assert noise_verdict({"gone": np.nan})["verdict"] == "cannot tell"


def test_sentinels_alarm_where_they_beat_chance():
    results = {
        "sound": Measured(0.51, 0.48, 0.54, 0.3, 500, 500),
        "borderline": Measured(0.55, 0.51, 0.59, 0.006, 500, 500),  # 0.006 x 2 > 0.01
        "jpeg": Measured(0.99, 0.98, 1.0, 1e-50, 500, 500),
        "failed": Measured(np.nan, np.nan, np.nan, np.nan, 0, 0),
    }
    rows = sentinel_verdicts(
        "sentinel-format", {key: results[key] for key in ("sound", "borderline", "jpeg", "failed")}
    )
    frame = pd.DataFrame(rows).set_index("name")
    assert frame.loc["sentinel-format / sound", "smallest"] > 0.55
    assert list(frame.index) == [f"sentinel-format / {key}" for key in results]
    assert list(frame.verdict) == ["pass", "pass", "alarm", "cannot tell"]
    notes = sentinel_verdicts("sentinel-content", results, alarms=False)
    assert [row["verdict"] for row in notes] == ["pass", "pass", "note", "cannot tell"]


@pytest.mark.slow
def test_real_copy_alarms_rarely_with_correlated_detectors():
    """9 detectors that share half of their variance look at 90 + 90 reals: at most about 1 % of runs alarm."""
    rng = np.random.default_rng(0)
    is_fake = np.arange(180) >= 90
    alarms = 0
    for _ in range(3000):
        image = rng.normal(size=180)
        p = {str(k): p_chance(Ranking.of(image + rng.normal(size=180), is_fake)) for k in range(9)}
        alarms += real_copy_verdict(p, 90, 90)["verdict"] == "alarm"
    assert alarms / 3000 <= 0.01 + 3 * np.sqrt(0.01 * 0.99 / 3000)
    assert alarms > 0
