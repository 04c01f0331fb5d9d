"""A process keeps its threads on the core that others use least, and leaves its children to the kernel."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from sourcier.processes import cores
from sourcier.processes.cores import CORES, TICKS_PER_SECOND, Use, busy_seconds, choose, used_by_others

several_cores = pytest.mark.skipif(len(CORES) < 2, reason="the machine has one core")

STAT = """\
cpu  70 7 700 9000 40 3 20 100 5 6
cpu0 10 1 100 4000 30 2 10 50 5 6
cpu1 60 6 600 5000 10 1 10 50 0 0
intr 12 34
ctxt 5
"""


def use(at: float, busy: Mapping[int, float], own: float) -> Use:
    return Use(at=at, busy=busy, own=own)


def test_a_core_is_busy_unless_it_idles_or_waits_for_a_disk() -> None:
    """Time of guests is part of the user's (proc(5)): counted once."""
    ticks = {core: seconds * TICKS_PER_SECOND for core, seconds in busy_seconds(STAT).items()}
    assert ticks == pytest.approx({0: 10 + 1 + 100 + 2 + 10 + 50, 1: 60 + 6 + 600 + 1 + 10 + 50})


def test_what_this_process_used_of_its_core_was_not_others() -> None:
    before, now = use(10, {0: 5, 1: 7}, 2.0), use(12, {0: 6.5, 1: 8}, 3.0)
    assert used_by_others(before, now, 0) == {0: 0.25, 1: 0.5}
    assert used_by_others(before, now, None) == {0: 0.75, 1: 0.5}


def test_ticks_are_coarser_than_what_a_process_knows_of_itself() -> None:
    assert used_by_others(use(0, {0: 0}, 0), use(1, {0: 0.99}, 1.0), 0) == {0: 0}


def test_a_core_that_came_or_went_meanwhile_is_none_to_choose() -> None:
    assert used_by_others(use(0, {0: 1, 1: 1}, 0), use(1, {1: 1, 2: 1}, 0.5), 0) == {1: 0}


@pytest.mark.parametrize(
    ("used", "core", "place", "wanted"),
    [
        ({0: 0.9, 1: 0.1, 2: 0.5}, None, 0, 1),  # the quietest
        ({0: 0.9, 1: 0.1, 2: 0.5}, 0, 7, 1),
        ({0: 0.2, 1: 0.0, 2: 0.1}, None, 1, 1),  # of those that are as good, the one in its place
        ({0: 0.2, 1: 0.0, 2: 0.1}, None, 5, 2),
        ({0: 0.9, 1: 0.0, 2: 0.1}, None, 1, 2),
        ({0: 0.2, 1: 0.0}, 0, 1, 0),  # not worth a move
        ({0: 0.3, 1: 0.0}, 0, 0, 1),
        ({1: 0.4}, 0, 0, 1),  # its own is gone
        ({}, 0, 0, 0),  # nothing is known
        ({}, None, 0, None),
    ],
)
def test_the_core_that_others_use_least_is_chosen(
    used: dict[int, float], core: int | None, place: int, wanted: int | None
) -> None:
    assert choose(used, core, place) == wanted


def test_two_on_one_core_part_when_one_looks_first() -> None:
    """The second then has its core for itself."""
    assert choose({0: 0.5, 1: 0.0}, 0, 2) == 1
    assert choose({0: 0.0, 1: 0.5}, 0, 2) == 0


CHILD = """
import json, os, sys, threading, time
from sourcier.processes import cores
cores.LOOK_SECONDS = 0.02
before = os.sched_getaffinity(0)
waiting = threading.Event()
threading.Thread(target=waiting.wait, daemon=True).start()
cores.stay_on_one_core(1)
while len(os.sched_getaffinity(0)) > 1:
    time.sleep(0.005)
cores.LOOK_SECONDS = 60  # it moves no more while it is looked at
time.sleep(0.2)
threading.Thread(target=waiting.wait, daemon=True).start()
import subprocess
look = "import os; input(); print(len(os.sched_getaffinity(0)))"
counts = []
for left in (False, True):
    child = subprocess.Popen([sys.executable, "-c", look], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if left:
        cores.leave_to_kernel(child.pid)
    counts.append(int(child.communicate(b"\\n")[0]))
threads = [sorted(os.sched_getaffinity(int(thread))) for thread in os.listdir("/proc/self/task")]
print(json.dumps({"before": sorted(before), "threads": threads, "children": counts}))
"""


@several_cores
def test_all_threads_are_on_one_core_and_a_child_only_until_it_is_left_to_the_kernel() -> None:
    told = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, timeout=60, check=True)
    found = json.loads(told.stdout)
    assert len(found["threads"]) == 4
    first, *others = found["threads"]
    assert len(first) == 1
    assert others == [first] * 3
    assert found["children"] == [1, len(found["before"])]
    assert not told.stderr


@several_cores
def test_where_the_system_tells_nothing_threads_stay_where_they_are(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cores, "STAT", cores.STAT / "none")
    before = os.sched_getaffinity(0)
    cores._stay(0)
    assert os.sched_getaffinity(0) == before
    assert "left where they are" in caplog.text


def test_a_child_that_has_ended_needs_no_core() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait(30)
    cores.leave_to_kernel(child.pid)
