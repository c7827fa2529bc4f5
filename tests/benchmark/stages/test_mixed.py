"""How many images a lesson has, and which: all that is used counts, and fewer are among more."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmark.stages import mixed
from benchmark.stages.bank import Labelled
from data.errors import UserError

PARTS = {"detector-train": 40, "detector-validation": 20}
LEDGER = SimpleNamespace(parts={part: np.arange(n) for part, n in PARTS.items()})


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units of four images each, in `detector-train` of reals and of the fakes that were made from them."""

    def labelled(folder: Path, images: object, ledger: object, part: str) -> Labelled:
        n_fake = min(PARTS[part], int(folder.name))
        is_fake = np.repeat([False, True], [PARTS[part], n_fake])
        at = np.concatenate([np.arange(PARTS[part]), np.arange(n_fake)])
        index = pd.DataFrame({"image_id": at, "is_fake": is_fake, "unit": at // 4})
        return Labelled(at[:, None, None, None].astype(np.uint8), is_fake, index)

    monkeypatch.setattr(mixed, "labelled", labelled)


def drawn(n: int, draw: int, part: str = "detector-train", fakes: int = 99, seed: int = 0) -> tuple[set, set]:
    """The real and the fake images of a lesson."""
    found = mixed.lesson({"bank": Path(str(fakes))}, None, LEDGER, part, seed, n=n, draw=draw)
    assert found.images[:, 0, 0, 0].tolist() == found.index["image_id"].tolist()
    return tuple(set(found.index.loc[found.is_fake == side, "image_id"]) for side in (False, True))


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("n", [2, 3, 8, 30, 31, 59, 60])
def test_validation_is_counted_and_shrinks_with_the_training_part(n: int) -> None:
    train, validation = (drawn(n, 0, part) for part in PARTS)
    assert [len(train[side]) + len(validation[side]) for side in (0, 1)] == [n, n]
    assert abs(len(train[0]) - n * 2 / 3) < 1
    assert min(len(train[0]), len(validation[0])) >= 1


@pytest.mark.usefixtures("planted")
def test_a_draw_holds_the_smaller_of_its_number_and_no_other_is_like_it() -> None:
    sizes = [4, 8, 16, 33, 60]
    for side in (0, 1):
        for draw in range(5):
            sets = [drawn(n, draw)[side] for n in sizes]
            assert all(few < more for few, more in itertools.pairwise(sets))
        assert len({frozenset(drawn(16, draw)[side]) for draw in range(9)}) > 5
    assert drawn(16, 1, seed=7) == drawn(16, 1), "the seed of the detector's training chooses no images"


@pytest.mark.usefixtures("planted")
def test_images_of_a_unit_are_drawn_behind_one_another_and_on_both_sides() -> None:
    for draw in range(5):
        real, fake = drawn(21, draw)  # 14 of the training part
        assert real == fake, "the source of a swap comes with it"
        whole = pd.Series([at // 4 for at in real]).value_counts()
        assert sorted(whole, reverse=True) == [4, 4, 4, 2]


@pytest.mark.usefixtures("planted")
def test_of_a_side_with_fewer_images_all_are_taken() -> None:
    real, fake = drawn(60, 0, fakes=10)
    assert (len(real), len(fake)) == (40, 10)


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("n", [1, 61])
def test_more_than_there_are_is_an_error_that_says_how_many_there_are(n: int) -> None:
    with pytest.raises(UserError, match=f"takes 2 to 60 labelled .* 40 and detector-validation 20. Received: {n}."):
        drawn(n, 0)
