"""Collects every fault of a file, and of files beside it, with its place; tells them all at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, NoReturn

from sourcier.domain.errors import Reason, Refusal, Violation, invalid

FILE_FAULTS_MAX: Final = 100  # faults told of one file; one more says where the rest begins


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults of `filename` so far. `advice` completes the message on an unknown key; `paths` lead to the faults."""

    filename: str
    reason: Reason
    advice: Mapping[str, str] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    _found: dict[tuple[str, int, int, str], str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is any fault."""
        return bool(self._found)

    @property
    def full(self) -> bool:
        """Whether there are more faults than are told, so that looking for others is idle."""
        return len(self._found) > FILE_FAULTS_MAX

    def __len__(self) -> int:
        """How many faults there are."""
        return len(self._found)

    def add(self, line: int, column: int, problem: str, path: str = "") -> None:
        """Note a fault at `line` and `column`, both from 1 (column 0: the whole line), once."""
        self.paths.add(path)
        told = f"{path}: {problem}" if path else problem
        key = problem if column else told  # a default that many nodes share is one place with many paths
        self._found.setdefault((self.filename, line, column, key), told)

    def refuse(self, line: int, column: int, problem: str) -> NoReturn:
        """Note a last fault and raise `Refusal` with all of them."""
        self.add(line, column, problem)
        raise self._refusal()

    def beside(self, filename: str) -> "Faults":
        """The same collection for a file that this one names."""
        return Faults(filename=filename, reason=self.reason, _found=self._found)

    def raise_if_any(self) -> None:
        """Raise `Refusal` with every fault in the order of the file, if there is one."""
        if self._found:
            raise self._refusal()

    def _refusal(self) -> Refusal:
        places = sorted(self._found, key=lambda place: (place[0] != self.filename, place[:3]))
        violations = [
            Violation(field=_field(place), description=self._found[place]) for place in places[:FILE_FAULTS_MAX]
        ]
        if len(places) > FILE_FAULTS_MAX:
            rest = Violation(field=_field(places[FILE_FAULTS_MAX]), description="more faults from here on")
            violations.append(rest)
        return invalid(violations, self.reason)


def _field(place: tuple[str, int, int, str]) -> str:
    filename, line, column, _ = place
    return f"{filename}:{line}:{column}" if column else f"{filename}:{line}"


def nearest(word: str, known: Iterable[str]) -> str:
    """``"; did you mean x?"`` for the known word most like `word`, or nothing."""
    choices = {candidate.casefold(): candidate for candidate in known}
    close = get_close_matches(word.casefold(), list(choices), n=1, cutoff=0.6)
    return f"; did you mean {choices[close[0]]}?" if close else ""


def shown(text: str) -> str:
    """A value as quoted in a message: short, on one line, printable."""
    short = text if len(text) <= 40 else text[:37] + "..."
    return repr(short)
