"""What the checks of detectors and of generators have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.plugins import adapt
from benchmark.plugins.check.core import Subject
from benchmark.plugins.check.verdicts import Broken, Skip, fail, hint
from data.errors import UserError
from data.options import accepts


def unknown_options_are_refused(subject: Subject) -> None:
    """Fails for a constructor that swallows any keyword: a misspelt option would then be lost without a word."""
    try:
        subject.make(no_such_option_as_this=1)
    except UserError:
        return
    fail(
        "The constructor takes any option, so that a misspelt one is lost without a word. Expected: each option by "
        "name in the signature, such as `epochs: int = 10`. Received: **options: name them."
    )


def history_is_a_frame(trained: Any) -> None:
    """Hints at a `history` that would not be written."""
    import pandas as pd

    history = getattr(trained, "history", None)
    if history is None:
        raise Skip("it keeps no history")
    if not isinstance(history, pd.DataFrame):
        hint(
            f"`history` is kept if it is a pandas.DataFrame with a row per epoch or step. Received: "
            f"{type(history).__name__}. From Keras: self.history = pandas.DataFrame(fitted.history)."
        )


def takes_both_or_none(instance: Any) -> None:
    """Hints at only one of `save` and `load`: the plug-in is pickled then."""
    has = [name for name in ("save", "load") if callable(getattr(instance, name, None))]
    if len(has) == 1:
        hint(f"It has {has[0]}(folder) alone, which is not used. Expected both save(folder) and load(folder), or none.")


def saved(subject: Subject, trained: Any, folder: Path) -> None:
    """Saves a trained plug-in; fails with what to do for one that cannot be."""
    try:
        with subject.calling("Saving it"):
            adapt.save(trained, folder)
    except Broken as error:
        if callable(getattr(trained, "save", None)):
            raise
        fail(
            f"It has no save and load, so it is pickled, which it cannot be: write both, or hold no such part. {error}"
        )


def seed_is_taken(subject: Subject) -> str:
    """Returns the advice for a plug-in that does not repeat itself."""
    if not accepts(subject.plugin.factory, "random_state"):
        return "Take the keyword `random_state` in the constructor and draw everything from it"
    return (
        "Draw everything from `random_state`: in NumPy by default_rng(random_state), in Keras by seeds of initialisers "
        "and dropout, or by keras.utils.set_random_seed(random_state) at the start of fit"
    )
