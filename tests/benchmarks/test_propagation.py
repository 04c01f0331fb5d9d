"""The benchmark of propagation: when a count counts as known, and what is told of it."""

import asyncio
import json
from pathlib import Path

import pytest
from benchmarks.propagation import Seen, rows, told


async def test_a_count_is_known_when_the_last_worker_has_answered_with_it() -> None:
    seen = Seen(2)
    waiting = asyncio.create_task(seen.everywhere("a", 7))
    for worker, units in ((0, {"a": 7}), (1, {"a": 6, "b": 7}), (0, {"a": 7})):
        await seen.tell(worker, units)
        await asyncio.sleep(0.01)
        assert not waiting.done()
    await seen.tell(1, {"a": 7, "b": 6})
    await asyncio.wait_for(waiting, 5)


def test_figures_are_ranks_of_what_was_measured() -> None:
    delays = [[float(factor * number) for number in range(1, 201)] for factor in (1, 2, 3)]
    measured = {"delays_ms": delays, "told": [{"p99_ms": 9.0}, {"p99_ms": 12.0}]}
    found = {row.name.rpartition(": ")[2]: row for row in rows("sqlite", measured)}
    values = {name: row.value for name, row in found.items()}
    assert values == {"counts": 200, "p50": 200, "p99": 396, "max": 400, "p99 as the workers tell it": 12}
    assert (found["p99"].runs, found["p99"].spread) == (3, (198, 594))


@pytest.mark.parametrize("event", ["stock propagation", "serving"])
def test_only_the_lines_about_it_are_read_from_the_log(tmp_path: Path, event: str) -> None:
    log = tmp_path / "server.log"
    log.write_text(f"not JSON\n{json.dumps({'event': event, 'p99_ms': 3.0})}\n", encoding="utf-8")
    assert len(told(log)) == (event == "stock propagation")


def test_lines_that_ran_together_are_told_apart(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    lines = [json.dumps({"event": "stock propagation", "p99_ms": p99}) for p99 in (3.0, 4.0)]
    log.write_text(f"{lines[0]}{lines[1]}\n\n", encoding="utf-8")
    assert [line["p99_ms"] for line in told(log)] == [3.0, 4.0]
