"""What to know before reading a verdict of `detect`, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

HOW = {
    "resize": "others are cut to their middle part of these proportions and reduced (Lanczos)",
    "crop": "of others the middle is cut out",
    "exact": "others are left out",
}
MARKS = (
    "Anybody can write or remove marks: they are not verified and decide nothing, and a file without them says nothing."
)


def header(about: dict[str, Any]) -> list[str]:
    """Returns the sentences above the table of a `Detection`, of its `about`."""
    height, width, channels = about["shape"]
    said = [line for trained in about["detectors"] for line in _detector(trained, about)]
    said += [
        "undecided: both reals and fakes score so, neither do, or the picture is unlike the training images. "
        "Probabilities are for as many fakes as reals, and only where a picture is like the training images.",
        *([about["rule"]] if about["rule"] else []),
        *([about["rests"]] if about["rests"] else []),
        *_reals(about["reals"]),
        f"It takes {width} x {height} pixels, {'grey' if channels == 1 else 'colour'}; {HOW[about['fit']]}.",
        f"'unlike the training images' is a false warning for {about['false_warnings']:.1%} at most of images like "
        "them (95 % confidence). It looks at colour, contrast and sharpness, and hardly at what is shown.",
    ]
    if about["smoke"]:
        said.append("This run is a --smoke run, hardly trained: nothing that is said here is a result.")
    return [*said, about["caution"]]


def _detector(trained: dict[str, Any], about: dict[str, Any]) -> Iterator[str]:
    whose = f"'{trained['generator']}'" if trained["generator"] != "all" else "all generators together"
    yield (
        f"Detector '{trained['id']}' (seed {trained['seed']}) of {about['run']}, trained to tell the fakes of {whose} "
        f"(training seed {trained['training_seed']}) from the real images of '{about['dataset']}', and tested on "
        "nothing else."
    )
    like, unlike = trained["limits"]["like"], trained["limits"]["not_like"]
    yield f"{like['verdict']}: {_limit(like, 'or more')}."
    yield f"{unlike['verdict']}: {_limit(unlike, 'or less')}."
    if trained["tested"]:
        yield f"On the run's test images: {'; '.join(_tested(row) for row in trained['tested'])}."
    if trained["control"]:
        yield f"'{trained['generator']}' is a control ({trained['control']}): its detector is of no use elsewhere."
    if trained["code_changed"]:
        yield "The detector's code has changed since it was trained; it may score otherwise now."


def _limit(limit: dict[str, Any], side: str) -> str:
    units = f"{limit['units']:,} {limit['from']}"
    if limit["score"] is None:
        return f"never, since {units} are too few to set a limit on"
    return (
        f"a score of {limit['score']:.6g} {side}, set on {units}; of images like those {limit['rate']:.1%} at most "
        f"score so (95 % interval {limit['low']:.1%} to {limit['high']:.1%})"
    )


def _tested(row: dict[str, Any]) -> str:
    like, unlike = (f"{_share(row[key])}" for key in ("like", "not_like"))
    return f"of {row['units']:,} {row['images']} {like} were called like the fakes and {unlike} not like them"


def _share(share: dict[str, float]) -> str:
    return f"{share['share']:.1%} ({share['low']:.1%} to {share['high']:.1%})"


def _reals(reals: dict[str, Any] | None) -> Iterator[str]:
    if reals is not None:
        of = "sources (their mean scores)" if reals["pooled"] else "images"
        yield (
            f"--reals {reals['folder']}: {reals['units']:,} different ones of {reals['images']:,} {of}; of pictures "
            f"that come from where they come from at most {reals['fpr']:.3g} are called like the fakes. Of other "
            "pictures nothing is promised."
        )
