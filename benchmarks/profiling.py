"""Where the CPU time goes, by sampling: for figures that fall short of their aims.

`where` calls functions in this process. `Sampler` is for a process that runs by itself: a server that a benchmark
starts with `sampled_environment` samples itself, as do the processes that it starts, and leaves its samples in a folder
when it ends; `between` says where the time of all of them went while the load was on.

The system asks for a sample after so much CPU time of the process. The interpreter answers between two of its own
steps, so what runs outside of it is charged to where it was called from, and the time of every thread by its own clock.
"""

import atexit
import dis
import json
import os
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import process_time
from types import FrameType
from typing import Final

INTERVAL_SECONDS: Final = 0.001  # of CPU; the system's clock may be coarser
SHOWN_MIN: Final = 0.02  # smaller shares are added up as "other"
PROJECT: Final = "sourcier."
LOOPS: Final = ("uvloop", "asyncio.runners")
LOOP: Final = "gRPC and the event loop"
THREADS: Final = "threads of gRPC"
FOLDER: Final = "BENCHMARK_SAMPLES"
ROOT: Final = Path(__file__).resolve().parent.parent
RESUME: Final = dis.opmap["RESUME"]


def where(calls: Sequence[Callable[[], object]], seconds: float = 1.0) -> dict[str, float]:
    """Shares of CPU time by module of the project, largest first; what a module calls outside of it is its own.

    Calls them in turn for so many CPU seconds. Only in the main thread, for it takes the signal SIGPROF.
    """
    found: Counter[str] = Counter()

    def sample(_: int, frame: FrameType | None) -> None:
        if (name := module(frame)) is not None:
            found[name] += 1

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


def shares(found: Mapping[str, float]) -> dict[str, float]:
    """Shares of the whole, largest first, small ones together."""
    whole = sum(found.values()) or 1
    ranked = sorted(found.items(), key=lambda one: -one[1])
    large = {name: amount / whole for name, amount in ranked if amount / whole >= SHOWN_MIN}
    rest = 1 - sum(large.values())
    return large | ({"other": rest} if found and rest > 1e-9 else {})


def module(frame: FrameType | None) -> str | None:
    """The innermost module of the project in a stack; None where there is none, or an event loop comes first.

    A function that is just being entered has done nothing yet: the time was its caller's.
    """
    if frame is not None and frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == RESUME:
        frame = frame.f_back
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith(PROJECT):
            return name.removeprefix(PROJECT)
        if name in LOOPS:
            return None
        frame = frame.f_back
    return None


def sampled_environment(folder: Path) -> dict[str, str]:
    """What a Python process must find in its environment to sample itself, and to leave its samples in the folder."""
    hook = Path(__file__).with_name("sampled")
    paths = (str(hook), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")]))
    return {FOLDER: str(folder), "PYTHONPATH": os.pathsep.join(paths)}


def between(folder: Path, begin: float, end: float) -> dict[str, float]:
    """Shares of the CPU time that all processes spent from one instant of the monotonic clock to another."""
    found: defaultdict[str, float] = defaultdict(float)
    for file in folder.glob("*.samples"):
        for at, name, seconds in json.loads(file.read_text(encoding="utf-8")):
            if begin <= at <= end:
                found[name] += seconds
    return shares(found)


class Sampler:
    """Samples this process from now on; at its end they are written to the folder.

    A sample is an instant, a module and the CPU seconds that a thread has spent since the last.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{os.getpid()}.samples"
        self._samples: list[tuple[float, str, float]] = []
        self._spent: dict[int, float] = {}
        self._whole = process_time()
        self._main = threading.main_thread().ident
        signal.signal(signal.SIGPROF, self._sample)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
        atexit.register(self.write)

    def write(self) -> None:
        """Stop, and write what there is."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._file.write_text(json.dumps(self._samples), encoding="utf-8")

    def _sample(self, _: int, frame: FrameType | None) -> None:
        now, whole = time.monotonic(), process_time()
        known = 0.0
        for ident, stack in sys._current_frames().items():  # noqa: SLF001 - documented, for profilers
            # All of them are alive: none can end while this one has the interpreter.
            spent = time.clock_gettime(time.pthread_getcpuclockid(ident))
            more = spent - self._spent.get(ident, 0.0)
            self._spent[ident] = spent
            known += more
            name = module(frame if ident == self._main else stack)
            self._samples.append((now, name or (LOOP if ident == self._main else THREADS), more))
        self._samples.append((now, THREADS, max(0.0, whole - self._whole - known)))
        self._whole = whole
