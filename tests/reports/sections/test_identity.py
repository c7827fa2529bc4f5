from collections.abc import Callable
from pathlib import Path

import pandas as pd

from reports import page
from reports.load import IDENTITY, load
from reports.sections import identity


def _row(**more: object) -> dict[str, object]:
    numbers = {
        f"{name}{end}": 0.1 * at + shift
        for at, name in enumerate(IDENTITY, start=1)
        for end, shift in (("", 0.0), ("_low", -0.05), ("_high", 0.02))
    }
    row = {"generator": "tuned", "generator_seed": 0, "checkpoint": "epoch-0040", "direction": "a>b"}
    row |= {"source": "not <b>", "target": "Male", "kind": "groups", **numbers, "n_swaps": 1200, "n_persons": 31}
    row |= {"embedding": "triplet-cnn64-v1", "embedding_digest": "0123abcd", "n_learned": 34, "verification": 0.76}
    return row | {"verification_low": 0.72, "verification_high": 0.8, "identity_note": "weak: it learned little"} | more


def _written(sealed: Callable[[Path], Path], folder: Path, *rows: dict[str, object]) -> Path:
    pd.DataFrame(list(rows)).to_csv(folder / "identity.csv", index=False)
    return sealed(folder)


def test_nothing_without_swaps(run_folder: Path) -> None:
    assert identity.section(load(run_folder)) is None
    assert 'id="identity"' not in page.render(load(run_folder))


def test_the_last_checkpoint_of_either_direction(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    back = _row(direction="b>a", source="Male", target="not <b>", retention=float("nan"), retention_low=float("nan"))
    run = load(_written(sealed, make_run(), _row(checkpoint="epoch-0009", transfer=0.9), _row(), back))
    found = identity.section(run)
    assert found is not None
    assert [row["direction"] for row in found["rows"]] == ["not <b> as Male", "Male as not <b>"]
    assert found["rows"][0]["count"] == "1,200 swaps of 31 persons"
    assert found["rows"][0]["cells"][:4] == [
        ("0.100", "[0.050, 0.120]"),
        ("0.200", "[0.150, 0.220]"),
        ("0.300", "[0.250, 0.320]"),
        ("0.400", "[0.350, 0.420]"),
    ]
    assert found["rows"][1]["cells"][3] == ("not measured", "")
    assert found["embedding"]["auc"] == "0.760 [0.720, 0.800]"
    html = page.render(run)
    assert 'id="identity"' in html
    assert 'href="#identity"' in html
    assert "This measure is weak: it learned little." in html
    assert "not &lt;b&gt; as Male" in html
    assert "people of the other group" in html


def test_two_persons_are_said_to_be_two(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    html = page.render(load(_written(sealed, make_run(), _row(kind="identities", identity_note=""))))
    assert "the other person&#39;s real images" in html or "the other person's real images" in html
    assert "people of the other group" not in html
    assert "This measure is" not in html


def test_where_it_is_absent_the_reason_stands(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    row = {"generator": "tuned", "generator_seed": 0, "checkpoint": "epoch-0040"}
    row |= {"direction": "", "identity_note": "not measured: <i>"}
    html = page.render(load(_written(sealed, make_run(), row)))
    assert "not measured: &lt;i&gt;" in html
    assert "triplet" not in html
