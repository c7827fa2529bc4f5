import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from benchmark.store.png import animation
from reports import page
from reports.load import load
from reports.sections import classes, pictures


def _with_classes(sealed: Callable[[Path], Path], folder: Path) -> Path:
    metrics = pd.read_csv(folder / "metrics.csv")
    row = {"scope": "class", "generator": "tuned", "generator_seed": 0, "detector": "cnn", "detector_seed": 0}
    rows = [
        row | {"class": name, "metric": metric, "value": value, "low": value - 0.1, "high": value + 0.05}
        for name, value in (("cat <b>", 0.71), ("dog", 0.82))
        for metric in ("auc", "accuracy")
    ]
    rows.append(row | {"class": "frog", "metric": "auc", "note": "not defined: constant"})
    pd.concat([metrics, pd.DataFrame(rows)]).to_csv(folder / "metrics.csv", index=False)
    judged = {
        "generator": "tuned",
        "generator_seed": 0,
        "class": "dog",
        "d_loss_real": 0.5,
        "d_loss_fake": 1.5,
        "n": 90,
    }
    judged |= {"recognised": 0.8, "recognised_low": 0.7, "recognised_high": 0.9, "recognised_real": 0.95}
    steps = [
        judged | {"checkpoint": name, "d_accuracy_real": right, "d_accuracy_fake": 0.25}
        for name, right in (("epoch-0009", 0.11), ("epoch-0040", 0.66))
    ]
    pd.DataFrame(steps).to_csv(folder / "classes.csv", index=False)
    return sealed(folder)


def test_nothing_without_conditions(run_folder: Path) -> None:
    assert classes.section(load(run_folder)) == []
    assert 'id="classes"' not in page.render(load(run_folder))


def test_each_class_with_its_interval_and_the_discriminators_view(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    run = load(_with_classes(sealed, make_run()))
    (table,) = classes.section(run)
    assert table["generator"] == "tuned"
    assert table["detectors"] == ["cnn"]
    assert table["rows"] == [
        ("cat <b>", [("0.710", "[0.610, 0.760]")]),
        ("dog", [("0.820", "[0.720, 0.870]")]),
        ("frog", [("not defined", "")]),
    ]
    assert table["checkpoint"] == "epoch-0040"
    assert table["judged"] == [("dog", ["0.660", "0.250", "0.500", "1.500", "0.800 [0.700, 0.900]", "0.950"])]
    html = page.render(run)
    assert "cat &lt;b&gt;" in html
    assert "cat <b>" not in html


def test_the_tables_of_the_whole_do_not_change(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    from reports.sections import tables

    plain = tables.frame(load(make_run("plain")))
    pd.testing.assert_frame_equal(plain, tables.frame(load(_with_classes(sealed, make_run("classes")))))


def test_a_film_is_in_the_page(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run()
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    (folder / "images/way.webp").write_bytes(animation(images))
    with Image.open(io.BytesIO((folder / "images/way.webp").read_bytes())) as saved:
        assert saved.n_frames == 6
        for at in (0, 5):
            saved.seek(at)
            assert np.array_equal(np.asarray(saved.convert("RGB")), images[at]), "without loss"
    index = pd.read_csv(folder / "images/index.csv")
    row = {"file": "way.webp", "kind": "interpolation", "generator": "tuned", "generator_seed": 0}
    index = pd.concat([index, pd.DataFrame([row | {"checkpoint": "epoch-0040", "height": 8, "width": 8}])])
    index.to_csv(folder / "images/index.csv", index=False)
    run = load(sealed(folder))
    ((name, checkpoint, picture),) = pictures.films(run)
    assert (name, checkpoint, picture.n, picture.width) == ("tuned", "epoch-0040", 6, 8)
    assert picture.uri in page.render(run)
