"""`report.pdf`: the page on paper, printed by a Chromium that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from data.errors import UserError
from data.run_folder import PAGE, PDF, WORK

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
PLACES = (  # where it is that no PATH names
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
LIMIT = 300  # seconds


def browser() -> str:
    """Returns the Chromium that prints.

    Raises:
        UserError: If there is none.
    """
    found = next(filter(None, map(shutil.which, (*NAMES, *PLACES))), None)
    if found is None:
        raise UserError(
            "A PDF is printed by Chromium, and none was found. Install it (apt install chromium, brew install --cask "
            f"chromium, or Google Chrome or Edge), or print {PAGE} from any browser."
        )
    return found


def write(run_folder: Path) -> Path:
    """Prints the page of a run folder, which must be there, into `report.pdf` beside it.

    Args:
        run_folder: A run folder.

    Returns:
        The path of the PDF.

    Raises:
        UserError: If there is no Chromium, or it prints nothing; an earlier PDF is then left as it was.
    """
    folder, program = Path(run_folder).resolve(), browser()
    work = Path(tempfile.mkdtemp(dir=folder, prefix=WORK))  # swept with the other halves, if this is killed
    try:
        printed, profile = work / PDF, work / "profile"
        command = [program, "--headless", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}"]
        command += ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses a sandbox to root
        command += ["--no-pdf-header-footer", f"--print-to-pdf={printed}", (folder / PAGE).as_uri()]
        try:
            ended = subprocess.run(command, capture_output=True, timeout=LIMIT, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            raise UserError(f"{program} printed no PDF in {LIMIT} s. Print {PAGE} from a browser.") from None
        if not printed.is_file() or not printed.stat().st_size:
            said = ended.stderr.decode(errors="replace").strip().splitlines()
            why = f": {said[-1]}" if said else ""
            raise UserError(
                f"{program} printed no PDF (exit code {ended.returncode}){why}. Print {PAGE} from a browser."
            )
        printed.replace(folder / PDF)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder / PDF
