"""L2-regularised logistic regression for a whole path of penalties, fast where features outnumber images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import minimize
from scipy.special import expit

from data.errors import UserError
from detection.selection import log_loss

PENALTIES = tuple(10.0**k for k in range(6, -5, -1))  # from the strongest to the weakest
PATIENCE = 2  # penalties in a row that may be worse on validation before the path ends
SURE = 1e-3  # nats per training image, below which a weaker penalty only makes the same answer louder


@dataclass(frozen=True)
class Linear:
    """A linear score on standardised features: `((x - mean) / scale) @ weights + intercept`."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    intercept: float
    penalty: float

    @property
    def parameters(self) -> int:
        """How many numbers it has learned: a weight per feature, and the intercept."""
        return len(self.weights) + 1

    def score(self, features: np.ndarray) -> np.ndarray:
        """Returns the logits, float64 `(n,)`, of features `(n, d)`; each row is summed by itself."""
        return ((features - self.mean) / self.scale * self.weights).sum(axis=1) + self.intercept

    def state(self) -> dict[str, np.ndarray]:
        """Returns everything as arrays, to be saved."""
        return {
            "mean": self.mean,
            "scale": self.scale,
            "weights": self.weights,
            "numbers": np.array([self.intercept, self.penalty]),
        }

    @classmethod
    def from_state(cls, state: dict[str, np.ndarray]) -> Linear:
        """Returns the model whose `state()` this is."""
        intercept, penalty = state["numbers"]
        return cls(state["mean"], state["scale"], state["weights"], float(intercept), float(penalty))


def standardisation(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and standard deviation per feature, `(d,)` each; one that never varies gets scale 1."""
    mean, scale = features.mean(axis=0), features.std(axis=0)
    # what is left of a constant column after rounding is not spread
    constant = scale <= 1e-10 * np.maximum(1.0, np.abs(mean))
    return mean, np.where(constant, 1.0, scale)


def fit_linear(
    features: np.ndarray,
    is_fake: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray],
    *,
    penalties: Sequence[float] = PENALTIES,
    scaling: tuple[np.ndarray, np.ndarray] | None = None,
) -> Linear:
    """Fits the path of penalties and keeps the one with the lowest log-loss on the validation features.

    The log-loss is taken, not the AUC, because it still tells penalties apart where all of them separate the
    classes. The path goes from the strongest penalty to the weakest and ends after two in a row that are
    worse, or where the training images are all but certain.

    Args:
        features: float64 `(n, d)` of the training images. Overwritten to save memory.
        is_fake: bool `(n,)`.
        validation: Features `(m, d)`, overwritten too, and labels `(m,)` of the validation images.
        penalties: Weights of `|w|^2 / 2` against the summed log-loss, that is scikit-learn's `1 / C`.
        scaling: Mean and scale per feature. Defaults to `standardisation(features)`.
    """
    mean, scale = standardisation(features) if scaling is None else scaling
    held, held_fake = validation
    for values in (features, held):
        if not np.isfinite(values).all():
            raise UserError("Logistic regression needs finite features. Received: NaN or infinity.")
        values -= mean
        values /= scale
    best, best_loss, worse = None, np.inf, 0
    for penalty, weights, intercept in logistic_path(features, is_fake, penalties):
        loss = log_loss(held @ weights + intercept, held_fake)
        if best is None or loss < best_loss:
            best, best_loss, worse = Linear(mean, scale, weights, intercept, penalty), loss, 0
        else:
            worse += 1
        if worse == PATIENCE or log_loss(features @ weights + intercept, is_fake) < SURE:
            break
    if best is None:
        raise UserError("Logistic regression needs at least one penalty. Received: none.")
    return best


def logistic_path(
    x: np.ndarray, is_fake: np.ndarray, penalties: Sequence[float], *, tolerance: float = 1e-4
) -> Iterator[tuple[float, np.ndarray, float]]:
    """Yields `(penalty, weights, intercept)` for each penalty, each fit starting from the last one's result.

    The minimised function is `sum(log(1 + exp(-y f))) + penalty / 2 * |w|^2` with `f = x @ w + b`, as in
    scikit-learn's `LogisticRegression` with `C = 1 / penalty`. The solution lies in the span of the images,
    so the features are first turned into the principal axes: at most `min(n, d)` coordinates, in which the
    Hessian at the start is diagonal and serves as the preconditioner of L-BFGS.

    Args:
        x: float64 `(n, d)`, about centred.
        is_fake: bool `(n,)`.
        penalties: Positive, from the strongest to the weakest.
        tolerance: Largest entry of the gradient in the preconditioned coordinates, where the Hessian is at most
            about one. Defaults to `1e-4`.
    """
    coordinates, basis, variance = _principal_axes(x)
    signs = np.where(is_fake, 1.0, -1.0)
    share = np.clip(is_fake.mean(), 1e-6, 1 - 1e-6)
    point, intercept = np.zeros(coordinates.shape[1]), float(np.log(share / (1 - share)))
    for penalty in penalties:
        # At even odds p (1 - p) is 1/4: the Hessian's diagonal, and that of the intercept, n / 4.
        scale = 1 / np.sqrt(variance / 4 + penalty)
        scale_b = 2 / np.sqrt(len(x))
        start = np.append(point / scale, intercept / scale_b)

        def loss(
            v: np.ndarray, scale: np.ndarray = scale, scale_b: float = scale_b, penalty: float = penalty
        ) -> tuple[float, np.ndarray]:
            a, b = v[:-1] * scale, v[-1] * scale_b
            margins = signs * (coordinates @ a + b)
            pull = -signs * expit(-margins)
            value = np.logaddexp(0.0, -margins).sum() + penalty / 2 * (a @ a)
            return value, np.append((coordinates.T @ pull + penalty * a) * scale, pull.sum() * scale_b)

        options = {"maxiter": 500, "maxcor": 20, "ftol": 1e-6 * tolerance, "gtol": tolerance}
        result = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
        point, intercept = result.x[:-1] * scale, float(result.x[-1] * scale_b)
        yield penalty, basis @ point, intercept


def _principal_axes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns coordinates `(n, r)`, basis `(d, r)` and the coordinates' sums of squares `(r,)`.

    `x` is `coordinates @ basis.T`.
    """
    n, d = x.shape
    squares, vectors = eigh(x.T @ x if d <= n else x @ x.T, driver="evd", check_finite=False, overwrite_a=True)
    kept = squares > 1e-12 * max(squares[-1], 1e-300)
    squares, vectors = squares[kept], np.ascontiguousarray(vectors[:, kept])
    if d <= n:
        return x @ vectors, vectors, squares
    lengths = np.sqrt(squares)
    return vectors * lengths, x.T @ (vectors / lengths), squares
