"""How a conditional discriminator does on each class, or attribute. No Keras."""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = ("class", "d_accuracy_real", "d_accuracy_fake", "d_loss_real", "d_loss_fake", "n")


def by_class(loss: str, real: np.ndarray, fake: np.ndarray, groups: dict[str, np.ndarray]) -> pd.DataFrame:
    """Returns a row for each class: how often the discriminator is right on its real and its fake images, and its loss.

    The accuracies are NaN for `wasserstein-gp` and `relativistic`, whose logits have no threshold.

    Args:
        loss: Name of the adversarial loss.
        real: Logits of real images, `(n,)`.
        fake: Logits of fake images that were asked for with the same labels, `(n,)`, each the partner of a real one.
        groups: Which images belong to a class: its name -> bool `(n,)`.
    """
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    # Halfway between the targets; elsewhere logit 0 is even odds. The losses are those of the training, image by image;
    # logaddexp(0, x) is a softplus that cannot overflow.
    cut = {"least-squares": 0.5, "wasserstein-gp": np.nan, "relativistic": np.nan}.get(loss, 0.0)
    if loss == "hinge":
        of_real, of_fake = np.maximum(0, 1 - real), np.maximum(0, 1 + fake)
    elif loss == "least-squares":
        of_real, of_fake = (real - 1) ** 2 / 2, fake**2 / 2
    elif loss == "wasserstein-gp":
        of_real, of_fake = -real, fake
    elif loss == "relativistic":  # one loss for both of a pair
        of_real = of_fake = np.logaddexp(0, fake - real)
    else:
        of_real, of_fake = np.logaddexp(0, -real), np.logaddexp(0, fake)
    known = not np.isnan(cut)
    rows = [
        {
            "class": name,
            "d_accuracy_real": float((real[at] > cut).mean()) if known else np.nan,
            "d_accuracy_fake": float((fake[at] < cut).mean()) if known else np.nan,
            "d_loss_real": float(of_real[at].mean()), "d_loss_fake": float(of_fake[at].mean()), "n": int(at.sum()),
        }
        for name, at in groups.items() if at.any()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))
