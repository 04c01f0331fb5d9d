"""Revisions are stored and activated once, one activation at a time."""

import asyncio
from dataclasses import replace

import pytest
from tests.service.shop import NETWORK, PROTECTED, RULES, Shop, key, running

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.network import PostalRange, Zone
from sourcier.service import deadline, rule_sets
from sourcier.service.commands import ActivateRuleSet, CreateRuleSetRevision

FAR_FEES = RULES + "fees:\n  - {fee: 9, zones: [island]}\n"
PLACE = f"rules.yaml:{RULES.count(chr(10)) + 2}:22"
ISLAND = Zone(zone_id="island", ranges=(PostalRange(country_code="DE", low="18", high="18"),))


async def test_a_revision_is_stored_once(shop: Shop) -> None:
    request = CreateRuleSetRevision(key=key("C"), rule_set_id="main", yaml=PROTECTED, comment="c")
    answers = await asyncio.gather(*(rule_sets.create_revision(shop.app, request) for _ in range(4)))
    assert {answer.revision for answer in answers} == {2}
    assert all(answer == answers[0] for answer in answers)
    assert (await shop.revise(RULES)).revision == 3


async def test_an_activation_is_done_once_and_answered_again(shop: Shop) -> None:
    await shop.revise(PROTECTED)
    request = ActivateRuleSet(key=key("A"), rule_set_id="main", revision=2)
    first = await rule_sets.activate(shop.app, request)
    await shop.activate(1)
    assert await rule_sets.activate(shop.app, request) == first
    assert (await rule_sets.get_rule_set(shop.app, "main", 1)).active


async def test_two_activations_at_once_leave_one_in_force(shop: Shop) -> None:
    await shop.revise(PROTECTED)
    await shop.count("near", "mug", 9)
    outcomes = await asyncio.gather(shop.activate(1), shop.activate(2), return_exceptions=True)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert {refusal.reason for refusal in refusals} <= {Reason.CONTENDED}
    assert len(refusals) < 2
    page, _ = await rule_sets.list_rule_sets(shop.app, 10, "")
    (active,) = [revision.revision for revision in page if revision.active]
    assert (await shop.row("near", "mug")).floors == ((0, 0, 0) if active == 1 else (0, 4, 4))


async def test_an_activation_outlives_its_caller(shop: Shop) -> None:
    await shop.revise(PROTECTED)
    for i in range(40):
        await shop.count("near", f"sku-{i}", 9)
    request = ActivateRuleSet(key=key("A"), rule_set_id="main", revision=2)

    async def outcome(seconds: float) -> Reason | None:
        try:
            with deadline.within(seconds):
                await rule_sets.activate(shop.app, request)
        except Refusal as refusal:
            return refusal.reason
        return None

    assert await outcome(0.02) in (None, Reason.DEADLINE_TOO_SHORT)
    async with asyncio.timeout(10):
        while (reason := await outcome(5.0)) is not None:
            assert reason is Reason.CONTENDED
            await asyncio.sleep(0.02)
    assert (await shop.row("near", "sku-7")).floors == (0, 4, 4)


async def test_a_rule_set_is_not_put_in_force_beside_a_network_that_lacks_what_it_names(shop: Shop) -> None:
    stored = await shop.revise(FAR_FEES)
    assert [warning.field for warning in stored.warnings] == [PLACE]
    with pytest.raises(Refusal) as caught:
        await shop.activate(stored.revision)
    assert (caught.value.kind, caught.value.reason) == (Kind.FAILED_PRECONDITION, Reason.RULE_SET_MISMATCH)
    assert caught.value.violations == stored.warnings
    assert caught.value.metadata == {"name": stored.name}
    assert (await rule_sets.get_rule_set(shop.app, "main", 1)).active
    await shop.network(replace(NETWORK, zones=(ISLAND,)))
    assert (await shop.activate(stored.revision)).active


async def test_a_check_warns_too_and_a_retry_is_warned_the_same(shop: Shop) -> None:
    assert (await shop.revise(FAR_FEES, validate_only=True)).warnings[0].field == PLACE
    request = CreateRuleSetRevision(key=key("C"), rule_set_id="main", yaml=FAR_FEES)
    first = await rule_sets.create_revision(shop.app, request)
    await shop.network(replace(NETWORK, zones=(ISLAND,)))
    assert await rule_sets.create_revision(shop.app, request) == first
    assert (await shop.revise(FAR_FEES)).warnings == ()


async def test_without_a_network_nothing_is_missed(sqlite_url: str) -> None:
    async with running(sqlite_url) as shop:
        stored = await shop.revise(FAR_FEES)
        assert stored.warnings == ()
        assert (await shop.activate(stored.revision)).active
