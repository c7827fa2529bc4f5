"""The model card of a trained detector, `cards/NAME.md`: what it learned from, how it decides, what it is for."""

from __future__ import annotations

import json
from typing import Any

from benchmark.results.cards.markdown import table

TEMPLATE = """# Model card: {id}, trained on fakes of {sources}
{smoke}
{summary}

{about}

## Trained on

{data}

The order of the images was drawn by the seed; the detector has seen no image of `test`.

## How it decides

- A higher score is more likely fake. At or above **{threshold:.6g}** an image is called fake: the threshold of the best
  balanced accuracy on the validation images, and fixed before any test image was scored.
- On those {n_validation:,} validation images it then called {accuracy_real_on_validation:.1%} of the reals real and
  {accuracy_fake_on_validation:.1%} of the fakes fake. The threshold was chosen there, so this flatters it.
- {probabilities}

What it scores on `test` is not in this card. It stands, with intervals, in `metrics.csv` of the run, under {cells}.

## Intended use, and limits

- It answers how well images of {sources} can be told from these real ones, in this run. It is for research.
- It knows real images of one source and these fakes only. Of other generators, other cameras, other sizes, and of
  images that were compressed, scaled or edited, it says nothing, unless the run asked and answered that.
- Images must be {size}, {channels}, uint8. `fauxbench detect` prepares others, and says what it did.
- A verdict about a single image is no evidence: do not use it to accuse anybody. "Not like the fakes" is no proof that
  an image is real.
{sentinel}
## Provenance

{provenance}

{terms}
"""


def text(detector: dict[str, Any], facts: dict[str, Any], known: dict[str, Any]) -> str:
    """Returns the card as Markdown.

    Args:
        detector: One of `facts["detectors"]`.
        facts: As `facts.of` returns them.
        known: What is known of the run as a whole.
    """
    split = next(one for one in facts["splits"] if one["ledger_seed"] == detector["ledger_seed"])
    images, cells = split["images"], detector["cells"]
    more = f" and {len(cells) - 3:,} more cells" if len(cells) > 3 else ""
    return TEMPLATE.format(
        id=detector["id"],
        sources=" + ".join(detector["sources"]),
        smoke="\n**Of a smoke run: everything was shrunk to seconds, so it shows nothing.**\n"
        if known["smoke"]
        else "",
        summary=detector["summary"] or "The plug-in says nothing of itself.",
        about=_about(detector),
        data=_data(detector, facts, split),
        threshold=detector["threshold"],
        n_validation=detector["n_validation_real"] + detector["n_validation_fake"],
        accuracy_real_on_validation=detector["accuracy_real_on_validation"],
        accuracy_fake_on_validation=detector["accuracy_fake_on_validation"],
        probabilities=_probabilities(detector),
        cells=", ".join(f"`{cell}`" for cell in cells[:3]) + more,
        size=f"{images['width']} x {images['height']} pixels",
        channels="grey" if images["channels"] == 1 else "in colour",
        sentinel=_sentinel(detector["sentinel"]),
        provenance=_provenance(detector, known),
        terms=f"Terms of the real images: {facts['terms']}",
    )


def _about(detector: dict[str, Any]) -> str:
    rows = [
        ["kind", f"`{detector['kind']}` ({detector['origin']})"],
        ["options", f"`{json.dumps(detector['options'], ensure_ascii=False, default=str)}`"],
        ["seed", detector["seed"]],
        ["parameters", "not counted" if detector["parameters"] is None else detector["parameters"]],
        ["training", f"{detector['seconds']:.1f} s"],
        ["given beside images", ", ".join(detector["needs"]) or "nothing"],
        ["code", "a plug-in of the user's" if detector["foreign"] else "of fauxbench or scikit-learn"],
    ]
    return table(["", ""], rows)


def _data(detector: dict[str, Any], facts: dict[str, Any], split: dict[str, Any]) -> str:
    kinds = {f"{bank['generator']}/{bank['generator_seed']}": bank for bank in facts["banks"]}
    fakes = [f"{name}: {kinds[name]['kind']}, checkpoint {kinds[name]['checkpoint']}" if name in kinds else name
             for name in detector["sources"]]  # fmt: skip
    rows = [
        ["real images", f"`{split['images']['name']}`, digest `{split['images']['digest'][:16]}`"],
        ["split", f"ledger seed {split['ledger_seed']}"],
        ["fakes of", "; ".join(fakes)],
        ["learned from", f"{detector['n_train_real']:,} real, {detector['n_train_fake']:,} fake"],
        ["validated on", f"{detector['n_validation_real']:,} real, {detector['n_validation_fake']:,} fake"],
        [
            "done to both sides",
            "nothing" if detector["train_perturbation"] == "none" else detector["train_perturbation"],
        ],
        ["values", f"uint8, {len(split['levels'])} grey levels, which both sides have"],
    ]
    return table(["", ""], rows)


def _probabilities(detector: dict[str, Any]) -> str:
    if not detector["probabilities"]:
        return "It gives no probabilities, only scores."
    if detector["foreign"] or ":" in detector["kind"]:
        return "Its probabilities are the plug-in's own; how they are calibrated on `test` is in `reliability.csv`."
    return (
        "Its probabilities are its scores through a sigmoid that was fitted on the same validation images (Platt\n  "
        "scaling with his regularisation), for as many reals as fakes: where fakes are rarer, they are too high."
    )


def _sentinel(role: str | None) -> str:
    if role is None:
        return ""
    what = "cues that an honest generator leaves equal" if role == "format" else "cheap statistics of the image"
    return f"- It is a sentinel: it looks at {what}, to check the run, and is no detector to be used.\n"


def _provenance(detector: dict[str, Any], known: dict[str, Any]) -> str:
    environment = ", ".join(f"{name} {value}" for name, value in detector["environment"].items())
    return (
        f"Run `{known['name']}`; in the store as `train_detector/{detector['store_key']}`; made with {environment}. "
        f"The command was `{known['command'].replace('`', ' ')}`."
    )
