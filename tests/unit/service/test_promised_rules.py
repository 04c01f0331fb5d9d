"""Rules that were replaced are found again, with the protection in force."""

import pytest
from tests.service.shop import PROTECTED, Shop

from sourcier.domain.network import NodeType
from sourcier.service import promised_rules
from sourcier.service.promised_rules import PromisedRules, at_the_quantile, under_protection

PRECISE = PROTECTED + "promising: {percent_on_time: 99}\n"


async def test_a_replaced_revision_is_compiled_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.activate((await shop.revise(PRECISE)).revision)
    rules, first = PromisedRules(), "ruleSets/main/revisions/1"
    old = await rules.get(shop.app, first)
    assert old.revision_name == first
    assert old.rule_set.safety_stock == ()
    assert await rules.get(shop.app, first) is old
    monkeypatch.setattr(promised_rules, "RULE_SETS_KEPT", 1)
    second = await rules.get(shop.app, "ruleSets/main/revisions/2")
    assert await rules.get(shop.app, "ruleSets/main/revisions/2") is second
    assert await rules.get(shop.app, first) is not old


async def test_protection_is_always_that_in_force(shop: Shop) -> None:
    await shop.activate((await shop.revise(PRECISE)).revision)
    active, rules = shop.app.snapshots.view().rules, PromisedRules()
    old = await rules.get(shop.app, "ruleSets/main/revisions/1")
    assert old.protection.floors[NodeType.STORE] == (0, 0, 0)
    kept = under_protection(old, active)
    assert kept.protection is active.protection
    assert kept.rule_set.safety_stock == active.rule_set.safety_stock
    assert kept.revision_name == old.revision_name
    assert kept.rule_set.promising == old.rule_set.promising


async def test_transit_is_measured_as_promised(shop: Shop) -> None:
    await shop.activate((await shop.revise(PRECISE)).revision)
    old = await PromisedRules().get(shop.app, "ruleSets/main/revisions/1")
    now = at_the_quantile(shop.app.snapshots.view().rules, old)
    assert now.rule_set.promising.quantile_bp == 9_000
    assert now.revision_name == "ruleSets/main/revisions/2"
