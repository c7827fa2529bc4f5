"""Known changes of an image, as copies may have gone through: a check that looks for copies is tried on them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageDraw

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image if image.shape[2] == 3 else image[:, :, 0])


def _array(picture: Image.Image, like: np.ndarray) -> np.ndarray:
    return np.asarray(picture).reshape(like.shape)


def _clipped(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _resized(image: np.ndarray, box: tuple[float, float, float, float] | None = None) -> np.ndarray:
    size = image.shape[1], image.shape[0]
    return _array(_picture(image).resize(size, Image.Resampling.BICUBIC, box=box), image)


def turned(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turned by 2 to 5 degrees, the corners black."""
    return _array(_picture(image).rotate(rng.uniform(2, 5) * rng.choice([-1, 1]), Image.Resampling.BICUBIC), image)


def cropped(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A crop of 80 to 97 % of the width, anywhere, enlarged."""
    height, width = image.shape[:2]
    part = rng.uniform(0.8, 0.97)
    top, left = rng.uniform(0, height * (1 - part)), rng.uniform(0, width * (1 - part))
    return _resized(image, (left, top, left + width * part, top + height * part))


def framed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A frame of 4 to 10 % over the rim."""
    wide = max(1, round(min(image.shape[:2]) * rng.uniform(0.04, 0.1)))
    out = np.full_like(image, rng.choice([0, 128, 255]))
    out[wide:-wide, wide:-wide] = image[wide:-wide, wide:-wide]
    return out


def bordered(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Made smaller, with a border of 4 to 10 % around it."""
    height, width = image.shape[:2]
    wide = max(1, round(min(height, width) * rng.uniform(0.04, 0.1)))
    out = np.full_like(image, rng.choice([0, 128, 255]))
    inner = _picture(image).resize((width - 2 * wide, height - 2 * wide), Image.Resampling.BICUBIC)
    out[wide:-wide, wide:-wide] = np.asarray(inner).reshape(height - 2 * wide, width - 2 * wide, -1)
    return out


def captioned(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A strip with text over 8 to 15 % of the height, above or below."""
    height = max(2, round(image.shape[0] * rng.uniform(0.08, 0.15)))
    ground = int(rng.choice([0, 255]))
    strip = Image.new("L", (image.shape[1], height), ground)
    ImageDraw.Draw(strip).text((1, -2), "a caption of some length", fill=255 - ground)
    out = image.copy()
    out[slice(0, height) if rng.random() < 0.5 else slice(-height, None)] = np.asarray(strip)[:, :, None]
    return out


def shifted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Moved by a sixteenth, across, down or both; what comes in is the rim again or black."""
    far = max(1, round(min(image.shape[:2]) / 16))
    down, right = [(0, far), (far, 0), (far, far), (-far, far), (0, -far)][rng.integers(5)]
    wide = np.pad(image, ((far, far), (far, far), (0, 0)), mode="edge" if rng.random() < 0.5 else "constant")
    return wide[far - down : far - down + image.shape[0], far - right : far - right + image.shape[1]]


def noisy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise with a standard deviation of 4 to 10 grey levels."""
    return _clipped(image + rng.normal(0, rng.uniform(4, 10), image.shape))


def compressed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """JPEG of quality 60 to 95."""
    file = io.BytesIO()
    _picture(image).save(file, "JPEG", quality=int(rng.integers(60, 96)))
    return _array(Image.open(file), image)


def rescaled(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Made 0.6 to 2 times as large and back."""
    height, width = image.shape[:2]
    times = rng.choice([0.6, 0.75, 1.5, 2.0])
    other = _picture(image).resize((round(width * times), round(height * times)), Image.Resampling.BICUBIC)
    return _array(other.resize((width, height), Image.Resampling.BICUBIC), image)


def brightened(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brighter or darker by 15 to 40 grey levels."""
    return _clipped(image + rng.choice([-1, 1]) * rng.uniform(15, 40))


def contrasted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Contrast of 0.6 to 1.4."""
    return _clipped((image - 128.0) * rng.uniform(0.6, 1.4) + 128)


def corrected(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gamma of 0.6 to 1.7."""
    return _clipped(255 * (image / 255) ** rng.choice([0.6, 0.75, 1.4, 1.7]))


def swapped(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Channels in another order."""
    return image[:, :, rng.permutation(3)] if image.shape[2] == 3 else image


def greyed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Without its colours."""
    return _clipped(np.repeat(image @ np.array([0.299, 0.587, 0.114]), 3).reshape(image.shape))


SMALL = " (of changes that lose nothing: below 32 pixels no others are planted)"
EXACT: dict[str, Change] = {
    "mirrored": lambda image, rng: image[:, ::-1],
    "upside down": lambda image, rng: image[::-1],
    "turned by 180": lambda image, rng: image[::-1, ::-1],
    "negative": lambda image, rng: 255 - image,
}
SQUARE: dict[str, Change] = {
    "turned by 90": lambda image, rng: np.rot90(image),
    "turned by 270": lambda image, rng: np.rot90(image, 3),
}
LOSSY: dict[str, Change] = {
    "turned by 2 to 5": turned, "cropped": cropped, "framed": framed, "bordered": bordered, "captioned": captioned,
    "shifted": shifted, "noisy": noisy, "JPEG": compressed, "resized": rescaled, "brightness": brightened,
    "contrast": contrasted, "gamma": corrected,
}  # fmt: skip
COLOUR: dict[str, Change] = {"channels swapped": swapped, "grey": greyed}


def changes(shape: tuple[int, ...], small: bool = False) -> dict[str, Change]:
    """Returns the changes that images `(height, width, channels)` can have; `small` those alone that lose nothing."""
    fit = EXACT | (SQUARE if shape[0] == shape[1] else {})
    return fit if small else fit | LOSSY | (COLOUR if shape[2] == 3 else {})


def plant(
    images: np.ndarray, each: int, rng: np.random.Generator, *, small: bool
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yields for each kind of change its name, the positions of `each` images at random, and changed copies of them."""
    for name, change in changes(images.shape[1:], small=small).items():
        at = np.sort(rng.permutation(len(images))[:each])
        yield name, at, np.stack([change(np.asarray(images[one]), rng) for one in at])


def needed(found: int, planted: int) -> float:
    """Returns how many copies there must be so that one is seen in 95 of 100 draws, where `found` of `planted` were.

    Copies are taken to be of all kinds alike, each seen independently. Infinite where none was found.
    """
    share = found / max(1, planted)
    return 1.0 if share >= 0.95 else np.inf if share == 0 else float(np.ceil(np.log(0.05) / np.log1p(-share)))
