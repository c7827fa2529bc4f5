"""Plug-ins that change what all of a process shares, each in its own way, and say in which process they were."""

import os
import pathlib
import random
import sys
import warnings

import numpy as np

_PLACE = os.environ.get("FAUXBENCH_TEST_PIDS")
_NAMES = ("imported", "made", "asked", "fitted", "scored")


def _note(what):
    if _PLACE:
        with open(_PLACE, "a", encoding="utf-8") as file:
            file.write(f"{what} {os.getpid()}\n")


_note("imported")


class Sum:
    """Ranks by the sum of the pixels."""

    def __init__(self):
        _note("made")

    @property
    def min_size(self):
        _note("asked")
        return 1

    def fit(self, images, is_fake):
        _note("fitted")
        self.change()
        return self

    def decision_function(self, images):
        _note("scored")
        return images.reshape(len(images), -1).sum(axis=1).astype(float)

    def change(self):
        pass


class TurnsKeras(Sum):
    def change(self):
        import keras

        keras.config.set_image_data_format("channels_first")
        keras.config.set_floatx("float16")


class TurnsPython(Sum):
    def change(self):
        np.seterr(all="raise")
        np.random.seed = random.seed = lambda *_: None
        warnings.simplefilter("error")
        os.chdir("/")
        os.environ["KERAS_BACKEND"] = "jax"
        os.environ["OMP_NUM_THREADS"] = "7"
        sys.stdout = sys.stderr = None
        sys.path.clear()
        np.linalg.svd = np.sort = np.mean = None
        pathlib.Path.read_text = None


class Prints(Sum):
    def change(self):
        print("printed")
        os.write(1, b"written\n")


class Levels:
    """A generator of grey images, which prints whenever it is asked for one."""

    def __init__(self, *, ends: bool = False):
        self.ends = ends

    def fit(self, images, labels=None):
        self.shape = images.shape[1:]
        return self

    def sample(self, n, *, seed=0):
        print("sampled")
        os.write(1, b"sampled\n")
        if self.ends and seed == 7:
            os._exit(9)
        levels = np.random.default_rng(seed).integers(0, 256, (n, 1, 1, 1))
        return np.broadcast_to(levels, (n, *self.shape)).astype(np.uint8)
