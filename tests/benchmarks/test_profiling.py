"""Where the time goes: the project's modules, whatever they call outside."""

import dis
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import cast

import pytest
from benchmarks.profiling import THREADS, between, module, sampled_environment, shares, where

from benchmarks import report
from sourcier.domain import place


def test_time_outside_belongs_to_the_module_that_calls() -> None:
    point = place.GeoPoint(lat_e6=45_000_000, lon_e6=5_000_000)
    found = where([lambda: [place.GeoPoint(lat_e6=point.lat_e6, lon_e6=k) for k in range(1_000)]], seconds=0.3)
    assert max(found, key=found.__getitem__) == "domain.place"
    assert sum(found.values()) == pytest.approx(1)


def test_small_shares_are_added_up() -> None:
    found = shares(Counter({"engine.bounds": 98, "engine.primal": 1, "domain.plan": 1}))
    assert found == {"engine.bounds": 0.98, "other": pytest.approx(0.02)}
    assert shares(Counter()) == {}


def test_a_row_keeps_its_profile_when_runs_are_merged() -> None:
    runs = [report.report("demo", [report.row("a", value, "ms", profile={"x": value})]) for value in (0.5, 1.0)]
    assert report.merged(runs)["rows"][0]["profile"] == {"x": 1.0}


def test_time_before_a_function_is_entered_is_its_callers() -> None:
    def frame_at(instruction: str) -> FrameType:
        """A stack of `domain.place` called from outside, at its first instruction of this name."""
        code = (lambda: None).__code__
        offset = next(one.offset for one in dis.get_instructions(code) if one.opname == instruction)
        outside = SimpleNamespace(f_globals={"__name__": "elsewhere"}, f_lasti=-1, f_back=None)
        inside = {"__name__": "sourcier.domain.place"}
        return cast("FrameType", SimpleNamespace(f_globals=inside, f_lasti=offset, f_code=code, f_back=outside))

    assert module(frame_at("RETURN_VALUE")) == "domain.place"
    assert module(frame_at("RESUME")) is None
    assert module(None) is None


CHILD = """
import threading, time
from sourcier.domain import place

def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

place.burn = type(burn)(burn.__code__, {"time": time, "__name__": "sourcier.domain.place"})
thread = threading.Thread(target=burn, args=(0.3,))
thread.start()
place.burn(0.6)
thread.join()
print(time.monotonic())
"""


def test_a_process_samples_itself_with_all_its_threads(tmp_path: Path) -> None:
    environment = {**os.environ, **sampled_environment(tmp_path)}
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", CHILD], env=environment, check=True, capture_output=True, text=True)
    found = between(tmp_path, begin, float(done.stdout))
    assert sum(found.values()) == pytest.approx(1)
    assert found["domain.place"] > found[THREADS] > 0.1
    assert between(tmp_path, 0, begin) == {}
