"""Options of a class that passes the rest of its keywords on."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from annotated_types import Ge

from data.errors import UserError
from data.options import accepts, check_options, options_of


class Parent:
    def __init__(self, *, random_state: int | None = None, depth: Annotated[int, Ge(1)] = 2, rate: float = 0.1) -> None:
        self.depth, self.rate = depth, rate


class Child(Parent):
    def __init__(self, *, width: int = 3, rate: float = 0.5, **options: Any) -> None:
        super().__init__(rate=rate, **options)


class Grandchild(Child):
    """Without a constructor of its own."""


class Open:
    def __init__(self, **options: Any) -> None:
        self.options = options


def test_the_options_of_the_parent_follow():
    options = options_of(Grandchild)
    assert {name: option.default for name, option in options.items()} == {"width": 3, "rate": 0.5, "depth": 2}
    assert options["depth"].type_name == "int >= 1"
    assert accepts(Child, "random_state")
    assert accepts(Child, "depth")
    assert not accepts(Child, "colour")
    assert list(options_of(Parent)) == ["depth", "rate"]


def test_they_are_checked_as_its_own():
    assert check_options(Child, {"depth": 4}, "'child'")["depth"] == 4
    with pytest.raises(UserError, match="int >= 1"):
        check_options(Child, {"depth": 0}, "'child'")
    with pytest.raises(UserError, match="depht"):
        check_options(Child, {"depht": 4}, "'child'")


def test_one_that_takes_anything_still_does():
    assert check_options(Open, {"anything": 1}, "'open'") == {"anything": 1}
    assert not accepts(Open, "random_state")
