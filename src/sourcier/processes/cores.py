"""On which core a process runs: all of its threads on one, for only one of them runs Python at a time.

Left alone, the kernel spreads the threads of a server over the cores, and with every turn of the interpreter what they
share goes from one core's cache to another's: an order costs up to two fifths more CPU so (ADR 22). A core is what the
kernel counts as one, so a hardware thread. Where the system knows no affinity nothing is done.
"""

import contextlib
import logging
import os
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CORES: Final = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset[int]()
"""What this process might use when it began."""

LOOK_SECONDS: Final = 1.0
"""Between two looks at what others do on the cores."""
JITTER: Final = 0.25
"""By which share a pause is shorter or longer: of two processes on one core, one moves first."""
QUIETER: Final = 0.2
"""Share of a core's time by which others must use another core less before a process moves there."""

_log: Final = logging.getLogger(__name__)

STAT: Final = Path("/proc/stat")
THREADS: Final = Path("/proc/self/task")
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Until an instant, the seconds for which each core was ``busy`` since the system began and this process ran."""

    at: float
    busy: Mapping[int, float]
    own: float


def stay_on_one_core(place: int) -> None:
    """From the next look on, keep all threads of this process on the core that others use least.

    Processes that begin together and differ in `place`, as workers by their numbers, begin on different cores.
    """
    if len(CORES) > 1:
        threading.Thread(target=_stay, args=(place,), name="core", daemon=True).start()


def leave_to_kernel(pid: int) -> None:
    """Let a process that this one has just started run on every core; it begins on the one of this process."""
    if CORES:
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(pid, CORES)


def _stay(place: int) -> None:
    core = None
    try:
        before = _use()
        while True:
            time.sleep(LOOK_SECONDS * random.uniform(1 - JITTER, 1 + JITTER))
            now = _use()
            wanted = choose(used_by_others(before, now, core), core, place)
            if wanted is not None and wanted != core:
                _move(wanted)
            core, before = wanted, now
    except OSError as error:
        _log.warning("the threads of process %d are left where they are: %s", os.getpid(), error)


def _use() -> Use:
    busy = busy_seconds(STAT.read_text(encoding="ascii"))
    allowed = {core: seconds for core, seconds in busy.items() if core in CORES}
    return Use(at=time.monotonic(), busy=allowed, own=time.process_time())


def busy_seconds(stat: str) -> dict[int, float]:
    """Per core, the seconds for which it did anything but wait, of the text of ``/proc/stat`` (proc(5))."""
    found = {}
    for line in stat.splitlines():
        name, *counts = line.split()
        if name.startswith("cpu") and name != "cpu":
            user, nice, system, _idle, _waiting, *others = map(int, counts[:8])
            found[int(name.removeprefix("cpu"))] = (user + nice + system + sum(others)) / TICKS_PER_SECOND
    return found


def used_by_others(before: Use, now: Use, core: int | None) -> dict[int, float]:
    """Per core, the share of its time that others used; `core` is that of this process, None while it has none."""
    elapsed = now.at - before.at
    spent = {each: now.busy[each] - before.busy[each] for each in now.busy.keys() & before.busy.keys()}
    if core in spent:
        spent[core] -= now.own - before.own
    return {each: max(seconds, 0.0) / elapsed for each, seconds in spent.items()}


def choose(used: Mapping[int, float], core: int | None, place: int) -> int | None:
    """The core to be on, of those that others have `used` by these shares: the present one unless another is quieter.

    Of several that are as good, the one in this `place` of their order, counted around.
    """
    if not used:
        return core
    least = min(used.values())
    if core is not None and core in used and used[core] <= least + QUIETER:
        return core
    quiet = sorted(each for each, share in used.items() if share <= least + QUIETER)
    return quiet[place % len(quiet)]


def _move(core: int) -> None:
    """Put every thread of this process on the core; those to come begin where the thread that starts them is."""
    moved: set[str] = set()
    while ahead := set(os.listdir(THREADS)) - moved:
        for thread in ahead:
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread), {core})
        moved |= ahead
