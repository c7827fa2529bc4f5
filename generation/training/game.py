"""What an adversarial step must know of the game that it plays. No Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Loss = Literal["bce", "non-saturating", "hinge", "least-squares", "wasserstein-gp", "relativistic"]
Policy = Literal["color", "translation", "cutout"]
Classical = Literal["flip", "rotation", "scale"]


@dataclass(frozen=True)
class Game:
    """The rules of an adversarial training; `generation.dcgan.generator.DCGAN` says what each means."""

    latent_dim: int = 100
    latent: Literal["normal", "uniform"] = "normal"
    output: Literal["tanh", "sigmoid"] = "tanh"
    loss: Loss = "bce"
    gradient_penalty: float = 0.0
    r1: float = 0.0
    r2: float = 0.0
    label_smoothing: float = 0.0
    label_noise: float = 0.0
    input_noise: float = 0.0
    updates: Literal["alternating", "simultaneous"] = "alternating"
    batches: Literal["separate", "joint"] = "separate"
    discriminator_steps: int = 1
    generator_steps: int = 1
    diffaugment: tuple[Policy, ...] = ()
    augment: tuple[Classical, ...] = ()
    batch_size: int = 32

    @property
    def images_per_step(self) -> int:
        """Real images that one step takes: a batch for each update of the discriminator."""
        return self.batch_size * self.discriminator_steps
