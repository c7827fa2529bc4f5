"""The notebooks in `docs/notebooks/`: each runs from first to last, and what is stored is fit to be read."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
MOST = 1_500_000  # bytes of one notebook
PLACES = re.compile(r"(?<![\w.:/<])/(?:home|root|tmp|work|usr|opt|var|mnt|Users)/|[A-Z]:\\\\|site-packages")


def cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def texts(cell: dict[str, Any]) -> list[str]:
    """Returns all that a cell has put out, but for pictures."""
    found = []
    for output in cell["outputs"]:
        found += ["".join(output.get("text", "")), "".join(output.get("traceback", ""))]
        found += ["".join(data) for kind, data in output.get("data", {}).items() if not kind.startswith("image/")]
    return found


def test_they_are_there() -> None:
    assert {path.stem for path in NOTEBOOKS} >= {"dcgan", "faces", "yours"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_stored_was_run_in_order_and_names_no_machine(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert path.stat().st_size < MOST
    assert [cell["execution_count"] for cell in cells(notebook)] == list(range(1, len(cells(notebook)) + 1))
    outputs = [output for cell in cells(notebook) for output in cell["outputs"]]
    assert all(output["output_type"] != "error" for output in outputs)
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 4
    assert any("hsl(16" in text for cell in cells(notebook) for text in texts(cell))  # the table as a heat map
    for cell in cells(notebook):
        assert not [PLACES.search(text) for text in texts(cell) if PLACES.search(text)]
        assert "Smoke run" not in "".join(texts(cell))
    prose = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    assert len(prose) * 2 > len(cells(notebook))
    assert any("**Expected:**" in "".join(cell["source"]) for cell in prose)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Runs notebooks in one kernel: to start one, and to import Keras there, takes as long as what they do."""
    nbformat = pytest.importorskip("nbformat", reason="notebooks are run by nbclient, of the extra 'test'")
    nbclient = pytest.importorskip("nbclient", reason="notebooks are run by nbclient, of the extra 'test'")
    pytest.importorskip("ipykernel", reason="notebooks are run by nbclient and ipykernel, of the extra 'test'")
    settings = tmp_path_factory.mktemp("settings")
    with pytest.MonkeyPatch.context() as patched:
        for name in ("XDG_CACHE_HOME", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
            patched.setenv(name, str(settings))  # neither the user's kernels nor the user's data
        patched.setenv("FAUXBENCH_SMOKE", "1")
        patched.setenv("FAUXBENCH_OFFLINE", "1")
        patched.delenv("FAUXBENCH_DATA", raising=False)
        patched.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))
        empty = nbformat.v4.new_notebook()
        one = nbclient.NotebookClient(
            empty, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(settings)}}
        )
        yield one
        one.nb = empty
        one.execute()  # which ends the kernel, as the last one


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of the kernel's own connections
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end(path: Path, tmp_path: Path, client: Any) -> None:
    import nbformat

    work = tmp_path / "work"
    work.mkdir()
    notebook = nbformat.read(path, as_version=4)
    # no name of the notebook before is known in this one
    anew = nbformat.v4.new_code_cell(f"%reset -f\nimport os\nos.chdir({str(work)!r})\n%reset -f")
    client.nb = nbformat.v4.new_notebook(metadata=notebook.metadata, cells=[anew, *notebook.cells])
    client.execute(cleanup_kc=False)
    assert any("Smoke run" in text for cell in cells(notebook) for text in texts(cell))
    assert any("done after" in text for cell in cells(notebook) for text in texts(cell))  # the line of progress
    assert list((work / "runs").glob("*/report.html"))
    assert os.listdir(tmp_path) == ["work"]
