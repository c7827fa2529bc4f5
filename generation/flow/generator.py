"""The flow-matching plug-in. Keras is imported when it is first used, not before."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from data.errors import UserError
from generation.conditions import asked
from generation.flow.settings import DEEPEST, Loss, Sampling, Settings, Solver, Times, halvings
from generation.flow.trained import TrainedFlow
from generation.learner import Learner, Told

if TYPE_CHECKING:
    import pandas as pd

    from generation.training.trainer import Turns

MOST = 100  # steps
# Options that another one brings: what they are then, unless they are given.
WITH_MEAN_FLOW = {"mean_share": 0.25, "mean_power": 1.0}
WITH_REFLOW = {"reflow_pairs": 4, "reflow_steps": 25}
DROPPED = 0.1  # share of images whose condition the network does not see, as in Ho and Salimans 2022


class Flow(TrainedFlow, Learner):
    """Flow matching: a small U-Net learns the velocity of straight ways from noise to images, and follows it.

    It has no discriminator, and no transposed convolutions. How many steps a sample takes is chosen after the training.

    Args:
        epochs: Passes over the training images. Defaults to `40`.
        batch_size: Images in a step. Defaults to `64`.
        learning_rate: Of the Adam optimiser, after it has risen over the first few steps. Defaults to `0.001`.
        decay: `"linear"` lets the learning rate fall to zero over the second half of the training. Defaults to
            `"linear"`.
        loss: `"velocity"`, or `"mean-flow"`: the network is told two times and learns the mean velocity in between, so
            that one step may do. It is then sampled by `solver="euler"`, and 1 to 4 `steps` suit it. Defaults to
            `"velocity"`.
        mean_share: With `"mean-flow"`, the share of the images with two times that differ; the others have one, and
            are flow matching. Defaults to `None`, which is 0.25.
        mean_power: With `"mean-flow"`, how much less an image counts the larger its error is: the power of the sum of
            squares that is divided by. 0 counts all alike. Defaults to `None`, which is 1.
        times: Which times the network learns: `"uniform"`, or `"logit-normal"`, those in the middle more often.
            Defaults to `"logit-normal"`.
        ema: Half-life in thousands of images of the moving average of the weights that samples are drawn from; 0
            samples from the network as it is. Defaults to `10`.
        mirror: Whether half of the images are mirrored. Defaults to `False`.
        dropout: Rate in each block of the network. Defaults to `0.0`.
        condition: `"none"`, `"labels"` (classes), or a list of attributes such as `["Male", "Smiling"]`. Defaults to
            `"none"`.
        condition_dropout: Share of the images whose condition is left out, from which the network learns to draw
            without any, as `guidance` needs. Defaults to `None`: 0.1 with a condition.
        width: Channels of the map next to the image; they double with each smaller map, to four times that. Defaults to
            `32`.
        depth: How often the network halves the image. Defaults to `None`, down to 4 to 7 pixels.
        blocks: Blocks of two convolutions at each size, on the way down and on the way up. Defaults to `1`.
        attention: Whether the smallest map has self-attention. Defaults to `False`.
        steps: Of the way from noise to an image, 1 to 100. Sampling alone: another number trains nothing again.
            Defaults to `25`.
        solver: `"euler"` runs the network once a step, `"heun"` twice, which bends with the way. Sampling alone.
            Defaults to `"euler"`.
        guidance: How far a conditional flow goes from its velocity without a condition to that with it: 0 ignores the
            condition, 1 is the conditional model, more is more typical and less varied. Sampling alone. Defaults to
            `None`, which is 1.
        on_collapse: What the collapse alarm does when images look alike, see `generation.training.health.Health`:
            `"mark"` notes it, `"stop"` ends the training there, `"rollback"` ends it with the last checkpoint before.
            Defaults to `"mark"`.
        warm_start: Folder of a saved flow of the same layers whose weights the network begins with. In a spec, an
            earlier run's folder, or `"RUN_FOLDER:GENERATOR"`. Defaults to `None`.
        reflow: Folder of a saved flow of the same layers, from which alone this one learns: pairs of noise and the
            image that it becomes, along a straight way between them, beginning with its weights. Fewer steps then do.
            The images of the data set are not learned from. In a spec as `warm_start`. Defaults to `None`.
        reflow_pairs: How many pairs for each training image; an epoch is a pass over all of them. Defaults to `None`,
            which is 4 with `reflow`.
        reflow_steps: Steps by Heun's rule in which that flow makes the image of a pair, 1 to 100. Defaults to `None`,
            which is 25 with `reflow`.
        precision: `"float32"` or `"mixed_bfloat16"`. Defaults to `"float32"`.
        display_interval: Epochs between checkpoints; there is always one at the end. Defaults to `None`, the last only.
        random_state: Seed of everything random. Defaults to `None`, which is 0.

    Attributes:
        history: After `fit`, one row per step: `step`, `epoch`, `g_loss` (the mean squared error of the velocity, which
            no network brings to 0), `images_per_second`.
        alarms: After `fit`, what the collapse alarm noted, and whether the training diverged.
        notes: Sentences about these options that a reader of the results should know.

    References:
        Lipman et al. (2023), Flow matching for generative modeling, section 4. Liu, Gong, Liu (2023), Flow straight
        and fast: learning to generate and transfer data with rectified flow, section 2.1.
    """

    control: str | None = None
    trains = True
    checkpoint_names = "epoch-{:04d}"  # what the training loop calls them
    adversarial = False  # there is no discriminator among its networks
    channels = (1, 3)
    min_size = 8
    sampling_options = ("steps", "solver", "guidance")  # they change samples and not the training

    def __init__(
        self,
        *,
        epochs: Annotated[int, Ge(1)] = 40,
        batch_size: Annotated[int, Ge(2)] = 64,
        learning_rate: Annotated[float, Gt(0)] = 0.001,
        decay: Literal["none", "linear"] = "linear",
        loss: Loss = "velocity",
        mean_share: Annotated[float, Ge(0), Le(1)] | None = None,
        mean_power: Annotated[float, Ge(0), Le(2)] | None = None,
        times: Times = "logit-normal",
        ema: Annotated[float, Ge(0)] = 10.0,
        mirror: bool = False,
        dropout: Annotated[float, Ge(0), Lt(1)] = 0.0,
        condition: Literal["none", "labels"] | list[str] = "none",
        condition_dropout: Annotated[float, Ge(0), Lt(1)] | None = None,
        width: Annotated[int, Ge(1)] = 32,
        depth: Annotated[int, Ge(1), Le(DEEPEST)] | None = None,
        blocks: Annotated[int, Ge(1), Le(8)] = 1,
        attention: bool = False,
        steps: Annotated[int, Ge(1), Le(MOST)] = 25,
        solver: Solver = "euler",
        guidance: Annotated[float, Ge(0)] | None = None,
        on_collapse: Literal["mark", "stop", "rollback"] = "mark",
        warm_start: str | None = None,
        reflow: str | None = None,
        reflow_pairs: Annotated[int, Ge(1)] | None = None,
        reflow_steps: Annotated[int, Ge(1), Le(MOST)] | None = None,
        precision: Literal["float32", "mixed_bfloat16"] = "float32",
        display_interval: Annotated[int, Ge(1)] | None = None,
        random_state: int | None = None,
    ) -> None:
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in locals().items()
        }
        _check(given)
        if condition_dropout is None:
            given["condition_dropout"] = 0.0 if condition == "none" else DROPPED
        _bring(given)
        settings = Settings(**{field.name: given[field.name] for field in dataclasses.fields(Settings)})
        super().__init__(settings, Sampling(steps, solver, guidance))
        self.on_collapse = on_collapse
        self.warm_start, self.reflow = warm_start, reflow
        self.display_interval = display_interval
        self.random_state = random_state
        self.history: pd.DataFrame | None = None
        self.alarms: list[dict[str, Any]] = []

    def begin(self, images: np.ndarray, labels: np.ndarray | None, told: Told, **found: Any) -> Turns:
        """Returns the training, as `fit` says."""
        self.conditions, labels = asked(self.settings.condition, len(images), labels, **found)
        from generation.flow.fitting import turns

        return turns(self, images, labels, told)

    @property
    def notes(self) -> list[str]:
        """Sentences about the options that a reader of the results should know."""
        mirrored = "Augmentation by flip: samples may be mirror images, which matters for text and digits."
        taught = "A reflow learned from another flow's images alone, and draws no better than that one."
        return [mirrored] * self.settings.mirror + [taught] * (self.reflow is not None)

    def describe(self, image_shape: tuple[int, ...] = (32, 32, 3)) -> str:
        """Returns Keras' summary of the network, without a condition, for images `(height, width, channels)`."""
        halvings(self.settings.depth, tuple(image_shape))
        from generation.flow.networks import build_unet

        lines: list[str] = []
        model = build_unet(self.settings, tuple(image_shape))
        model.summary(line_length=100, print_fn=lambda text, **_: lines.append(text))
        return "\n".join(lines)


def _check(given: dict[str, Any]) -> None:
    """Refuses options that contradict each other, each with a way out."""
    condition, dropped, guidance = given["condition"], given["condition_dropout"], given["guidance"]
    for wrong, message in (
        (not 1 <= given["steps"] <= MOST, f"steps must be from 1 to {MOST}. Received: steps={given['steps']}."),
        (given["reflow_steps"] is not None and not 1 <= given["reflow_steps"] <= MOST,
         f"reflow_steps must be from 1 to {MOST}. Received: reflow_steps={given['reflow_steps']}."),
        (not condition, 'condition must be "none", "labels" or a list of attributes. Received: [].'),
        (isinstance(condition, tuple) and len(set(condition)) < len(condition),
         f"Each part of condition may stand there once. Received: {condition}."),
        (given["loss"] == "mean-flow" and given["solver"] == "heun",
         'A mean flow takes each step whole: solver = "euler". Received: solver=\'heun\', loss=\'mean-flow\'.'),
        (given["loss"] == "mean-flow" and given["reflow"] is not None,
         'reflow learns velocities: loss = "velocity". Received: loss=\'mean-flow\'.'),
        (given["mirror"] and given["reflow"] is not None,
         "A mirrored image is not what its noise becomes: a reflow has mirror = false. Received: mirror=True."),
        (given["warm_start"] is not None and given["reflow"] is not None,
         "A reflow begins with the weights of the flow that it learns from: leave warm_start out. Received: both."),
        (condition == "none" and guidance is not None,
         'guidance goes from a flow without a condition to one with it: give condition = "labels" or a list of '
         f"attributes, or leave guidance out. Received: guidance={guidance}, condition='none'."),
        (condition == "none" and dropped,
         'condition_dropout needs a condition: "labels" or a list of attributes. Received: '
         f"condition_dropout={dropped}, condition='none'."),
        (dropped == 0 and guidance not in (None, 1),
         "guidance needs a flow that has also learned without conditions: a condition_dropout above 0, such as "
         f"{DROPPED}. Received: guidance={guidance}, condition_dropout=0."),
    ):  # fmt: skip
        if wrong:
            raise UserError(message)


def _bring(given: dict[str, Any]) -> None:
    """Fills in the options that others bring, and refuses them without those."""
    for brings, needed, options in (
        (given["loss"] == "mean-flow", 'loss = "mean-flow"', WITH_MEAN_FLOW),
        (given["reflow"] is not None, "reflow, the folder of a saved flow", WITH_REFLOW),
    ):
        for name, value in options.items():
            if given[name] is None:
                given[name] = value if brings else 0
            elif not brings:
                raise UserError(f"{name} needs {needed}. Received: {name}={given[name]}.")
