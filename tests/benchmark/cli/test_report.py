"""`fauxbench report` with figures and as a PDF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.run_folder import checked
from reports import pdf


@pytest.mark.slow
def test_figures_and_pdf_stand_beside_the_page(
    call: Callable[..., Any], copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_figures: None
) -> None:
    run = copied / "runs/images"
    chromium = tmp_path / "chromium"
    chromium.write_text('#!/bin/sh\nfor a; do case $a in --print-to-pdf=*) printf %%PDF > "${a#*=}";; esac; done\n')
    chromium.chmod(0o755)
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    answer = call("report", run, "--format", "pdf", "--figures")
    assert (answer.code, answer.err.count("\n"), answer.out) == (2, 1, "")
    assert "Install it" in answer.err
    assert not (run / "figures").exists()
    monkeypatch.setattr(pdf.shutil, "which", lambda name: str(chromium))
    answer = call("report", run, "--format", "pdf", "--figures")
    assert answer.code == 0
    page, figures, printed = answer.out.splitlines()
    assert page == f"Report: {run}/report.html"
    assert figures.startswith(f"Figures: {run}/figures (")
    assert printed == f"PDF: {run}/report.pdf"
    assert (run / "report.pdf").read_bytes() == b"%PDF"
    assert {path.suffix for path in (run / "figures").iterdir()} == {".svg", ".png", ".csv"}
    assert not [path.name for path in run.iterdir() if path.name.startswith(".")]
    checked(run)
