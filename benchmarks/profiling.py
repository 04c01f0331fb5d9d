"""Where the CPU time goes, by sampling: for figures that fall short of their aims."""

import signal
from collections import Counter
from collections.abc import Callable, Sequence
from time import process_time
from types import FrameType
from typing import Final

INTERVAL_SECONDS: Final = 0.001  # of CPU; the system's clock may be coarser
SHOWN_MIN: Final = 0.02  # smaller shares are added up as "other"


def where(calls: Sequence[Callable[[], object]], seconds: float = 1.0) -> dict[str, float]:
    """Shares of CPU time by module of the project, largest first; what a module calls outside of it is its own.

    Calls them in turn for so many CPU seconds. Only in the main thread, for it takes the signal SIGPROF.
    """
    found: Counter[str] = Counter()

    def sample(_: int, frame: FrameType | None) -> None:
        while frame is not None:
            name = str(frame.f_globals.get("__name__", ""))
            if name.startswith("sourcier."):
                found[name.removeprefix("sourcier.")] += 1
                return
            frame = frame.f_back

    before = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
    try:
        end, number = process_time() + seconds, 0
        while process_time() < end:
            calls[number % len(calls)]()
            number += 1
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return shares(found)


def shares(found: Counter[str]) -> dict[str, float]:
    """Shares of the whole, largest first, small ones together."""
    whole = found.total() or 1
    large = {name: number / whole for name, number in found.most_common() if number / whole >= SHOWN_MIN}
    rest = 1 - sum(large.values())
    return large | ({"other": rest} if found and rest > 1e-9 else {})
