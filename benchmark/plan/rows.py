"""What questions ask about: the spec's detectors, and the training runs of its generators with their banks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from benchmark.plan import shrink
from benchmark.plan.cell import LAST, UNTOUCHED, Exam, Lesson
from benchmark.plan.stage import Row, Stage, params_of, where_of
from benchmark.plugins import describe
from data.errors import UserError


@dataclass(frozen=True)
class Run:
    """One training run of a generator: the row, the seed, and the stage that trains it."""

    generator: Row
    seed: int
    trained: Stage

    @property
    def is_main(self) -> bool:
        """Whether its generator is no control."""
        return self.generator.plugin.attribute("control") is None


@dataclass
class Rows:
    """The rows of a spec, and the stages that train and sample its generators.

    Args:
        generators: The generators.
        detectors: The detectors.
        generator_seeds: Of the training runs of each generator.
        detector_seeds: Of the trainings of each detector.
        prepared: The stage that splits the real images.
        environment: What results depend on outside of this program.
        smoke: Whether everything is shrunk to seconds, see `benchmark.plan.shrink`; traces are then looked for in one
            bank.
    """

    generators: list[Row]
    detectors: list[Row]
    generator_seeds: Sequence[int]
    detector_seeds: Sequence[int]
    prepared: Stage
    environment: dict[str, Any]
    smoke: bool = False
    runs: list[Run] = field(init=False)
    _banks: dict[tuple[str, int, str], Stage] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seeds = shrink.seeds(self.generators, self.generator_seeds) if self.smoke else {}
        self.runs = [
            self._run(row, seed) for row in self.generators for seed in seeds.get(row.id, self.generator_seeds)
        ]

    @property
    def mains(self) -> list[Run]:
        """The training runs of generators that are no controls, by their ids.

        Neither the order of the spec nor a change of code, which changes all keys, can turn it round.

        Raises:
            UserError: If there is none.
        """
        found = sorted((run for run in self.runs if run.is_main), key=lambda run: run.generator.id)
        if not found:
            raise UserError("Learning from several generators needs one that is no control. Received: controls only.")
        return found

    def detectors_that(self, word: str) -> Iterator[tuple[Row, int]]:
        """Yields the detectors whose `train_on` is a word, with each of their seeds."""
        for row in self.detectors:
            if row.train_on == word:
                yield from ((row, seed) for seed in self.detector_seeds)

    @property
    def askable(self) -> list[tuple[Row, int]]:
        """The detectors, with each of their seeds, that a question of `[protocol] ask` is put to.

        They learn from any fakes that they are given: not the discriminator of a GAN, which is tried on its own images,
        and not the sentinel of formats, which checks the run.
        """
        rows = [
            row for row in self.detectors
            if row.train_on == "each" and "discriminator" not in row.plugin.attribute("needs", ())
            and row.plugin.attribute("sentinel") != "format"
        ]  # fmt: skip
        return [(row, seed) for row in rows for seed in self.detector_seeds]

    @cached_property
    def learnable(self) -> int:
        """How many labelled images of each side detectors may learn from, see `preparation.learnable`."""
        from benchmark.plan import preparation  # which reads data sets, that most plans have no need of

        return preparation.learnable(self.prepared)

    def bank(self, run: Run, checkpoint: str = LAST) -> Stage:
        """Returns the stage that samples the fakes of a checkpoint."""
        key = (run.generator.id, run.seed, checkpoint)
        if key not in self._banks:
            title = f"sample {run.generator.id} seed {run.seed}" + ("" if checkpoint == LAST else f" {checkpoint}")
            params = params_of(run.generator, run.seed, self.environment) | {"checkpoint": checkpoint}
            if checkpoint != LAST:
                params |= {"traces": False}  # findings are of the last
            if self.smoke and run.is_main and run is not next(one for one in self.runs if one.is_main):
                params |= {"traces": False}
            inputs = {"prepared": self.prepared, "trained": run.trained}
            self._banks[key] = Stage(title, "sample", params, inputs, where_of(run.generator))
        return self._banks[key]

    def checkpoints(self, run: Run) -> list[str]:
        """Returns the checkpoints that a training run will have, in their order, the last as `"last"`.

        They are known of a generator that says `checkpoint_names`, from its options `epochs` and `display_interval`; of
        others only the last is.
        """
        row = run.generator
        names = row.plugin.attribute("checkpoint_names")
        of = {option.name: option.default for option in row.plugin.options} | row.options
        epochs, interval = of.get("epochs"), of.get("display_interval")
        if names is None or not isinstance(epochs, int) or not isinstance(interval, int):
            return [LAST]
        return [*(names.format(epoch) for epoch in range(interval, epochs, interval)), LAST]

    def lesson(
        self, name: str, runs: Sequence[Run], *,
        checkpoint: str = LAST, n: int | None = None, draw: int = 0, perturbation: str = UNTOUCHED,
    ) -> Lesson:  # fmt: skip
        """Returns the lesson of a checkpoint of some training runs; see `Lesson` for the arguments."""
        _check(perturbation)
        sources = tuple((run.generator.id, run.seed) for run in runs)
        return Lesson(name, sources, tuple(self.bank(run, checkpoint) for run in runs), n, perturbation, draw)

    def exam(self, run: Run, *, checkpoint: str = LAST, perturbation: str = UNTOUCHED) -> Exam:
        """Returns the exam on a checkpoint of a training run; see `Exam` for the arguments."""
        _check(perturbation)
        control = run.generator.plugin.attribute("control")
        return Exam(run.generator.id, run.seed, control, self.bank(run, checkpoint), perturbation)

    def _run(self, row: Row, seed: int) -> Run:
        learned = _without_sampling(row, smoke=self.smoke)
        params, where = params_of(learned, seed, self.environment), where_of(learned)
        title = f"train_generator {row.id} seed {seed}"
        return Run(row, seed, Stage(title, "train_generator", params, {"prepared": self.prepared}, where))


def _check(perturbation: str) -> None:
    if perturbation != UNTOUCHED:
        from data import perturb  # which imports SciPy, that most plans have no need of

        perturb.check(perturbation)


def _without_sampling(row: Row, *, smoke: bool) -> Row:
    """Leaves out the options that change a generator's samples and not its training, which is then not done again.

    In a smoke run they are what they may be at most, for all rows alike: a training draws images too.
    """
    unused = row.plugin.attribute("sampling_options", ())
    options = {name: value for name, value in row.options.items() if name not in unused}
    if smoke:
        options |= describe.at_most(shrink.MOST, row.plugin, options)
    return replace(row, about=replace(row.about, options=options))
