"""A chain like a social network's: cut, scaled and compressed, differently for each image."""

from __future__ import annotations

import math

import numpy as np

from data.perturb.checks import check_images, own_numbers
from data.perturb.files import jpeg
from data.perturb.geometry import sampled

LEAST = 5 / 8  # of the side that is kept
QUALITY = (65, 100)


def social(images: np.ndarray, rounds: int) -> np.ndarray:
    """Returns images as if they had been shared on a social network, several times over.

    In each round a part with 5/8 to all of each side, anywhere in the image, is scaled to the image's size and stored
    as JPEG of a quality of 65 to 100, all drawn evenly. What is drawn comes from the image itself, as it is before the
    round (`checks.own_numbers`).

    Source: the operations that the test images of the IEEE Video and Image Processing Cup 2022 went through to look
    like those of social networks (`random_operations.py` of its organisers, University of Naples). There large pictures
    became 200 pixels wide; here they keep their size, whatever that is. Several rounds are of RRDataset (2025), where
    images are shared again and again.

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels. They are not changed.
        rounds: How often they are shared; 0 leaves them as they are.
    """
    check_images(images)
    height, width = images.shape[1:3]
    out = images.copy()
    for done in range(rounds):
        for at, image in enumerate(out):
            numbers = own_numbers(image, f"social {done}")
            tall = int(numbers.integers(math.ceil(LEAST * height), height, endpoint=True))
            wide = max(1, round(tall * width / height))
            top, left = (int(numbers.integers(0, room, endpoint=True)) for room in (height - tall, width - wide))
            quality = int(numbers.integers(*QUALITY, endpoint=True))
            kept = image[None, top : top + tall, left : left + wide]
            out[at] = jpeg(sampled(kept, (height, width)), quality)[0]
    return out
