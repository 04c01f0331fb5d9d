"""Patches are counted, their SKUs remembered, and whoever waits for the next one is woken."""

import asyncio

import pytest

from sourcier.service import edits
from sourcier.service.edits import Edits


def test_the_skus_since_a_patch_are_those_of_later_patches() -> None:
    log = Edits()
    log.add(frozenset({"mug"}))
    seen = log.count
    assert log.since(seen) == frozenset()
    log.add(frozenset())
    log.add(frozenset({"pan", "pot"}))
    log.add(frozenset({"pan"}))
    assert log.count == 4
    assert log.since(seen) == {"pan", "pot"}
    assert log.since(0) == {"mug", "pan", "pot"}


def test_a_patch_of_everything_is_everything_to_those_before_it() -> None:
    log = Edits()
    log.add(None)
    assert log.since(0) is None
    assert log.since(1) == frozenset()


def test_what_is_forgotten_may_have_been_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edits, "EDITS_KEPT", 3)
    log = Edits()
    for sku in "abcd":
        log.add(frozenset(sku))
    assert log.since(0) is None
    assert log.since(1) == {"b", "c", "d"}


def test_patches_of_many_skus_are_forgotten_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edits, "SKUS_KEPT", 4)
    log = Edits()
    for skus in ("ab", "c", "de"):
        log.add(frozenset(skus))
    assert log.since(0) is None
    assert log.since(1) == {"c", "d", "e"}
    log.add(frozenset("vwxyz"))
    assert log.since(3) is None
    assert log.since(4) == frozenset()
    log.add(frozenset("f"))
    assert log.since(4) == {"f"}


async def test_those_who_wait_are_woken_by_the_next_patch() -> None:
    log = Edits()
    log.add(frozenset())
    await log.after(0)
    waiting = [asyncio.create_task(log.after(1)) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in waiting)
    log.add(frozenset())
    await asyncio.wait_for(asyncio.gather(*waiting), 1)
