from __future__ import annotations

import logging

import pytest

from benchmark.machine import quiet


@pytest.mark.parametrize(
    ("message", "shown"),
    [("5 out of the last 13 calls to %s triggered tf.function retracing.", False), ("%s ran out of memory.", True)],
)
def test_only_the_warning_about_several_networks_is_kept_back(caplog, message, shown):
    quiet.install()
    quiet.install()
    logging.getLogger("tensorflow").warning(message, "a function")
    assert bool(caplog.records) == shown
