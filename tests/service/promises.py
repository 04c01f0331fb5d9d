"""Shops in which promises are made and kept, and what a kept promise is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.service.shop import NETWORK, Shop, Wall, running

from sourcier.domain.errors import Refusal
from sourcier.domain.network import Network, TransitBand
from sourcier.domain.promise import Promise
from sourcier.ledger.audit import audit
from sourcier.service.commands import Allocation, PromiseAnswer

PROMISING = """
rule_set: main
channels: [web, marketplace]
prices:
  split: 3
  unfilled: {per_unit: 1000}
  late: {per_unit_day: 1}
promising:
  token_minutes: 30
  broken: late
fees:
  - {fee: 4.90}
"""
BY_DISTANCE = (
    TransitBand(max_distance_m=100_000, business_days=1),
    TransitBand(max_distance_m=None, business_days=4),
)


def slow(network: Network = NETWORK) -> Network:
    """Ground takes four days from far away, and express as well: only what is near arrives soon."""
    return replace(network, services=tuple(replace(service, transit=BY_DISTANCE) for service in network.services))


@asynccontextmanager
async def balanced(url: str, clock: Wall, rules: str, network: Network = NETWORK) -> AsyncIterator[Shop]:
    """A shop whose clock stands still; its books balance in the end."""
    async with running(url, clock=clock) as shop:
        await shop.open(rules, network)
        yield shop
        report = await shop.app.read(audit)
        assert report.violations == ()


async def refused(work: Any) -> Refusal:
    """The refusal that the work ends with."""
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value


def option(answer: PromiseAnswer, service: str = "ground", store_id: str = "") -> tuple[Promise, str]:
    """The first option of a service (at a store), with its token."""
    return next(
        (promise, token)
        for promise, token in zip(answer.promises.promised, answer.tokens, strict=True)
        if (promise.service_id, promise.store_id) == (service, store_id)
    )


def assert_kept(made: Allocation, promise: Promise) -> None:
    """Dates and fee are those of the promise, and the plan arrives in time."""
    assert made.kept is not None
    assert (made.kept.earliest, made.kept.latest) == (promise.earliest, promise.latest)
    assert (made.kept.fee_micros, made.kept.time_zone) == (promise.fee_micros, promise.time_zone)
    assert (made.kept.method, made.kept.store_id) == (promise.method, promise.store_id)
    assert made.kept.rule_set_revision == promise.decision.rule_set_revision
    assert made.kept.late_days == 0
    assert not made.decision.plan.unfilled
    assert all(shipment.deliver_on <= promise.latest for shipment in made.decision.plan.shipments)
