"""How long a large page takes: `python tests/speed/page.py`.

It simulates a run of 20 detectors x 12 generators x 3 seeds, writes its page, says where the size is, and draws it in
Chromium where that is found.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from reports import page

HERE = Path(__file__).resolve().parent
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def simulated(folder: Path) -> Path:
    sys.path.insert(0, str(HERE.parent / "reports" / "made"))
    from made_names import DETECTORS, GENERATORS
    from made_run import write_run

    DETECTORS.update({f"extra-{k}": 0.5 + 0.3 * k for k in range(20 - len(DETECTORS))})
    trained = {"kind": "dcgan", "control": None, "options": {}}
    GENERATORS.update({f"row-{k}": trained | {"ease": 0.3 + 0.08 * k} for k in range(12 - len(GENERATORS))})
    return write_run(folder, n=200, seeds=(0, 1, 2), side=32, channels=3, failed=())


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = simulated(Path(folder) / "run")
        wall, cpu = time.perf_counter(), time.process_time()
        path = page.write(run)
        print(f"written in {time.perf_counter() - wall:.1f} s, {time.process_time() - cpu:.1f} s of one core")
        text = path.read_text(encoding="utf-8")
        print(f"{len(text.encode()) / 1e6:.2f} MB")
        for name, section in re.findall(r'<section id="([^"]+)"(.*?)</section>', text, re.DOTALL):
            print(f"  {name:16s} {len(section.encode()) / 1e6:.2f} MB")
        browser = shutil.which("chromium") or shutil.which("chromium-browser")
        if browser:
            drawn(path, browser)


def drawn(path: Path, executable: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        start = time.perf_counter()
        tab.goto(path.as_uri())
        tab.evaluate(PAINTED)
        print(f"drawn in {time.perf_counter() - start:.1f} s")
        browser.close()


if __name__ == "__main__":
    main()
