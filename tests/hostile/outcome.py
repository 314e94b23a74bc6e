"""What became of one hostile case."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """A case, what it had to bring, and what it brought.

    family: `urls`, `pictures` or `requests`; group: the class of the case, a row of the table.
    expected, found: an error code of `utils.errors`, `answered`, or for requests an HTTP status;
    `crashed` where a process died, `reached` where a wall was passed.
    took_s: seconds until the answer; limit_s: the most that it may take.
    """

    family: str
    group: str
    name: str
    expected: str
    found: str
    took_s: float
    limit_s: float

    @property
    def good(self) -> bool:
        """Whether it brought what it had to, in its time."""
        return self.found == self.expected and self.took_s <= self.limit_s
