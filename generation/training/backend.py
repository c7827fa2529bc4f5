"""Chooses what the training needs from the Keras backend: gradients, the compiled loop, arrays on the device.

A backend is a module with the functions of `generation.training.backend_tensorflow`. Everything else in this package is
written in `keras.ops`.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from data.errors import UserError

if TYPE_CHECKING:  # so that their code is part of the keys of what they compute
    from generation.training import backend_jax, backend_tensorflow  # noqa: F401

MODULES = {"tensorflow": "generation.training.backend_tensorflow", "jax": "generation.training.backend_jax"}


def backend() -> ModuleType:
    """Returns the module for the Keras backend in use.

    Raises:
        UserError: If this Keras backend is not supported.
    """
    import keras

    name = keras.backend.backend()
    if name not in MODULES:
        raise UserError(f"Generators train on the Keras backends {', '.join(MODULES)}. Received: KERAS_BACKEND={name}.")
    return importlib.import_module(MODULES[name])
