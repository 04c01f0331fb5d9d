"""Where the time goes: the project's modules, whatever they call outside."""

from collections import Counter

import pytest
from benchmarks.profiling import shares, where

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
