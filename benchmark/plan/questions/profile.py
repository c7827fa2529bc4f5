"""What each configuration's detectability comes to in five numbers: clean, few-shot, unseen, processed and pooled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from benchmark.plan.cell import Asked
from benchmark.plan.questions.transfer import REST
from benchmark.plan.rows import Rows
from data.errors import UserError

SHARES = True  # others ask some of the same cells, and more


def _perturbation(name: str) -> str:
    from data import perturb  # which imports SciPy, that most plans have no need of

    try:
        perturb.check(name)
    except UserError as error:
        raise ValueError(str(error)) from None
    return name


class Options(BaseModel):
    """`[question.profile]`: how many images of each side `few` are, and what is done to images that are `processed`.

    The first is a size of `learning_curve`, the second a perturbation of `robustness`: their cells are shared.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    few: Annotated[int, Field(ge=8, le=2**31 - 1)] = 64
    processed: Annotated[str, AfterValidator(_perturbation)] = "social-1"


def cells(rows: Rows, options: Options) -> Iterator[Asked]:
    """Each detector learns from few images, and from the fakes of all other configurations of the same seed; and what
    has learned from a configuration's own fakes is tested on processed images. Few are fewer than there are."""
    are_few = options.few < rows.learnable
    mains = [run for run in rows.runs if run.is_main]
    for run in mains:
        own = rows.lesson(run.generator.id, [run])
        few = rows.lesson(run.generator.id, [run], n=options.few)
        others = sorted(
            (other for other in mains if other.seed == run.seed and other is not run), key=lambda one: one.generator.id
        )
        name = others[0].generator.id if len(others) == 1 else REST + run.generator.id
        rest = rows.lesson(name, others) if others else None
        for detector, seed in rows.askable:
            if are_few:
                yield Asked(few, detector, seed, rows.exam(run))
            yield Asked(own, detector, seed, rows.exam(run, perturbation=options.processed))
            if rest is not None:
                yield Asked(rest, detector, seed, rows.exam(run))
