"""What is shown of detectors: which images, which spectra, in which colours, and which stages make them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.plan import planner as planning
from benchmark.plan import specs
from benchmark.results import heat
from benchmark.stages import picks
from benchmark.stages.spectra import mean_spectrum, profile_table
from benchmark.use import api

SCORES = np.array([0.1, 0.9, 0.4, 0.6, 0.5, 0.2, 0.9, 0.45])
FAKE = np.array([False, False, False, False, True, True, True, True])


def test_picks_are_the_surest_mistakes_and_the_most_doubtful():
    found = picks.choose(SCORES, FAKE, 0.5, most=3)
    assert [list(found[kind]) for kind in picks.KINDS] == [[1, 3], [5, 7], [4, 7, 2]]
    assert list(picks.choose(SCORES, FAKE, 0.5, most=1)["real called fake"]) == [1]


def test_an_image_at_the_threshold_is_called_fake():
    found = picks.choose(np.array([0.5, 0.5]), np.array([False, True]), 0.5)
    assert [len(found[kind]) for kind in picks.KINDS] == [1, 0, 2]


def test_equal_scores_keep_the_order_of_the_set():
    found = picks.choose(np.full(20, 3.0), np.zeros(20, dtype=bool), 1.0)
    assert list(found["real called fake"]) == list(found["doubtful"]) == list(range(8))


def test_mean_spectrum_is_the_mean_over_all_blocks():
    rng = np.random.default_rng(0)
    images = rng.integers(1, 256, (600, 8, 8, 1)).astype(np.uint8)  # more than two blocks
    whole, profiles = mean_spectrum(images)
    power = np.abs(np.fft.fftshift(np.fft.fft2(images[..., 0]), axes=(1, 2)))
    np.testing.assert_allclose(whole, (20 * np.log10(power + 1e-8)).mean(axis=0))
    assert profiles.shape == (600, 6)
    np.testing.assert_allclose(profiles[:, 0], 20 * np.log10(images.sum(axis=(1, 2, 3)) + 1e-8))


def test_profiles_have_standard_errors_and_frequencies():
    table = profile_table(np.array([[1.0, 4.0], [3.0, 4.0]]), np.array([[5.0, 1.0]]), side=8)
    assert list(table["frequency"]) == [0, 0.125]
    assert list(table["difference"]) == [3, -3]
    assert list(table["real_se"]) == [1, 0]
    assert table["fake_se"].isna().all()
    assert (table["n_real"].iloc[0], table["n_fake"].iloc[0]) == (2, 1)


def test_a_stripe_shows_at_its_frequency():
    flat = np.random.default_rng(0).integers(100, 104, (32, 16, 16, 3)).astype(np.uint8)
    striped = flat.copy()
    striped[:, :, ::2] += 20  # a period of two columns: half a cycle per pixel
    (real, reals), (fake, fakes) = mean_spectrum(flat), mean_spectrum(striped)
    difference = fake - real
    assert np.unravel_index(difference.argmax(), difference.shape) == (8, 0)
    table = profile_table(reals, fakes, 16)
    assert table.loc[table["difference"].idxmax(), "frequency"] == 0.5


def test_colours_say_which_side_and_how_strong():
    blue, pale, white, _, orange = heat.diverging(np.array([-2.0, -0.1, 0.0, 0.1, 2.0]), 1.0).astype(int)
    assert (blue[2] - blue[0], orange[0] - orange[2]) == (0x5D - 0x0B, 0x7A - 0x08)
    assert white.min() > pale.min() > 200
    assert heat.limit_of(np.append(np.ones(1000), 50.0)) == 1
    assert heat.limit_of(np.zeros(9)) == 1
    shades = heat.shades(np.array([0.0, 5.0, 10.0]), 0.0, 10.0)
    np.testing.assert_array_equal(shades, np.repeat([[0], [128], [255]], 3, axis=1))


def test_heat_covers_only_where_there_is_evidence():
    images = np.full((1, 2, 2, 1), 200, np.uint8)
    maps = np.array([[[0.0, 1.0], [-1.0, 0.0]]])
    over = heat.overlaid(images, maps, 1.0)[0].astype(int)
    assert list(over[0, 0]) == list(over[1, 1]) == [164, 164, 164]
    assert over[0, 1, 0] > over[0, 1, 2]
    assert over[1, 0, 2] > over[1, 0, 0]


@pytest.fixture(scope="module")
def plan() -> planning.Plan:
    detectors = [{"kind": "linear-dct"}, {"kind": "spectrum"}]
    generators = [{"kind": "gaussian", "id": "one"}, {"kind": "noise"}, {"kind": "real-copy"}]
    values = {"dataset": {"name": "digits"}, "generator": generators, "detector": detectors}
    return api.make_plan(specs.parse(values))


def test_cells_are_explained_but_for_those_of_controls(plan: planning.Plan):
    explained = {stage.name for stage in plan.stages if stage.function == "explain"}
    assert {"explain linear-dct seed 0 on one seed 0", "explain spectrum seed 0 on one seed 0"} <= explained
    assert all(" on one seed 0" in name for name in explained)
    assert [stage.name for stage in plan.stages if stage.function == "spectra"] == ["spectra one seed 0"]


def test_an_explanation_depends_on_its_cell_and_no_result_depends_on_it(plan: planning.Plan):
    (spectra,) = plan.measured["spectra"].values()
    for cell in plan.cells:
        for stage in (cell.trained, cell.scored, cell.measured):
            assert not {"explain", "spectra"} & {read.function for read in stage.inputs.values()}
    cell = next(cell for cell in plan.cells if not cell.control)
    stage = plan.measured["explain"][cell.name]
    assert stage.inputs["scored"] is cell.scored
    assert stage.inputs["trained"] is cell.trained
    assert spectra.inputs["bank"] is cell.bank
