"""Answers product pages from the snapshot, and tells a search index what has changed since it asked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Final

from sourcier.domain.availability import Availability, AvailabilityQuery, SkuAvailability
from sourcier.domain.limits import AVAILABILITY_SKUS_MAX
from sourcier.engine.availability import availability

if TYPE_CHECKING:
    from sourcier.service.app import App

PAUSE_SECONDS: Final = 0.25
"""Changes that come within so much time are told together."""

WHOLE_SECONDS: Final = 60.0
"""Every SKU is looked at again after so long: time passes, and capacity fills, without any of them changing."""


async def get_availability(app: "App", query: AvailabilityQuery) -> Availability:
    """What there is of each SKU, from when and where; no database is read.

    Raises NETWORK_NOT_APPLIED, RULE_SET_NOT_ACTIVE, and what the engine raises about the query.
    """
    view = app.snapshots.view()
    return availability(query, view.snapshot, view.rules, app.clock())


async def watch_availability(app: "App", query: AvailabilityQuery) -> AsyncIterator[Availability]:
    """Every SKU of the query, then those whose entry has changed, for as long as the caller listens.

    Each SKU is told as it is now, whatever happened to it in between; in parts where there are many. What follows from
    time or capacity alone is told within WHOLE_SECONDS. Raises as `get_availability` does, also later: a new network
    may lack the store.
    """
    told: dict[str, SkuAvailability] = {}
    skus, whole_at = query.skus, monotonic()
    while True:
        edition = app.snapshots.edits.count
        for start in range(0, len(skus), AVAILABILITY_SKUS_MAX):
            part = replace(query, skus=skus[start : start + AVAILABILITY_SKUS_MAX])
            answer = await get_availability(app, part)
            news = tuple(entry for entry in answer.skus if told.get(entry.sku) != entry)
            told.update((entry.sku, entry) for entry in news)
            if news:
                yield replace(answer, skus=news)
            await asyncio.sleep(0)
        await asyncio.sleep(PAUSE_SECONDS)
        touched = await _touched(app, edition, until=whole_at + WHOLE_SECONDS)
        if touched is None:
            skus, whole_at = query.skus, monotonic()
        else:
            skus = tuple(sku for sku in query.skus if sku in touched)


async def _touched(app: "App", edition: int, *, until: float) -> frozenset[str] | None:
    """The SKUs touched since an edition, once there are any; None: look at all of them, also when `until` has come."""
    edits, left = app.snapshots.edits, until - monotonic()
    if left <= 0:
        return None
    try:
        async with asyncio.timeout(left):
            await edits.after(edition)
    except TimeoutError:
        return None
    return edits.since(edition)
