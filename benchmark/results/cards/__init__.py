"""Cards: what a run paired with what (`card.md`, `card.json`), and one for each trained detector (`cards/`).

They stand in the run folder and not in the store, whose files and keys are as they were. May import
`benchmark.results.gather` and what is below. Open `facts` first: all that the cards say, as JSON values.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmark.results.cards import detector_card, facts, run_card
from benchmark.results.gather import Gathered
from data.run_folder import CARD


def write(folder: Path, read: Gathered, known: dict[str, Any]) -> None:
    """Writes the cards of a run into its folder.

    Args:
        folder: The run folder.
        read: What the store holds for the run.
        known: What is known about the run as a whole: its name, its command, whether it is a smoke run.
    """
    found = facts.of(read)
    text = json.dumps(found | {"name": known["name"], "smoke": known["smoke"]}, indent=1, default=str)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")
    (folder / CARD).with_suffix(".md").write_text(run_card.text(found, known), encoding="utf-8")
    (folder / facts.FOLDER).mkdir(exist_ok=True)
    for one in found["detectors"]:
        (folder / one["card"]).write_text(detector_card.text(one, found, known), encoding="utf-8")
