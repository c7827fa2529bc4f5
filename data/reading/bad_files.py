"""All bad files of a set in one message, so that they can be mended together."""

from __future__ import annotations

from data.errors import UserError

SHOWN = 20


class BadFiles:
    """Collects what is wrong with the files of a set.

    Args:
        where: The set's place, for the message.
    """

    def __init__(self, where: object) -> None:
        self.where, self._found = where, [("", "")][:0]

    def add(self, name: str, error: object, place: object = "") -> None:
        """Takes a file's name in the set, and its error, which may begin with its `place`."""
        message = str(error)
        begin = str(UserError(str(place)))  # as the message has it
        self._found.append((message, name + message[len(begin) :] if place and message.startswith(begin) else message))

    def check(self, total: int) -> None:
        """Raises one error for all.

        Args:
            total: How many files there are, good ones too.

        Raises:
            UserError: If there is a bad file: its own error for a single one; else the first twenty, and how many.
        """
        if not self._found:
            return
        if len(self._found) == 1:
            raise UserError(self._found[0][0])
        said: list[str] = []
        expected: dict[str, None] = {}
        for _, message in self._found:
            what, _, rest = message.partition(". ")
            said.append(what.rstrip("."))
            expected[rest.rstrip(".")] = None
        more = f"; and {len(said) - SHOWN:,} more" if len(said) > SHOWN else ""
        rules = "".join(f" {rest}." for rest in list(expected)[:3] if rest)
        raise UserError(
            f"{len(said):,} of {total:,} files in {self.where} cannot be used: {'; '.join(said[:SHOWN])}{more}.{rules}"
        )
