"""The snapshot keeps up with feeds, networks, statuses, rules and other servers; a restarted server knows it all."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.service.shop import NETWORK, PROTECTED, RULES, Shop, cart, key, node, running

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.network import NodeStatus
from sourcier.domain.stock import RecordKind, StockRecord, StockRecords
from sourcier.ledger import activation
from sourcier.service import allocate_order, ingest, networks, rule_sets
from sourcier.service.commands import ApplyStock

MORE_PROTECTED = PROTECTED.replace("units: 4", "units: 9")


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 5.0) -> None:
    until = asyncio.get_running_loop().time() + seconds
    while not await condition():
        assert asyncio.get_running_loop().time() < until, "it did not happen"
        await asyncio.sleep(0.01)


async def can_promise(shop: Shop, sku: str, quantity: int, channel: str = "web") -> bool:
    answer = await shop.promise(cart((sku, quantity), channel=channel))
    return bool(answer.promises.promised)


class TestEmpty:
    async def test_nothing_can_be_decided_before_there_is_a_network_and_a_rule_set(self, ledger_url: str) -> None:
        async with running(ledger_url) as shop:
            with pytest.raises(Refusal) as caught:
                await shop.promise(cart(("mug", 1)))
            assert (caught.value.kind, caught.value.reason) == (
                Kind.FAILED_PRECONDITION,
                Reason.NETWORK_NOT_APPLIED,
            )
            with pytest.raises(Refusal) as caught:
                await shop.count("near", "mug", 1)
            assert caught.value.reason is Reason.NETWORK_NOT_APPLIED
            with pytest.raises(Refusal) as caught:
                await networks.get_network(shop.app)
            assert caught.value.reason is Reason.NETWORK_NOT_APPLIED
            await shop.network()
            with pytest.raises(Refusal) as caught:
                await shop.allocate("o-1", cart(("mug", 1)))
            assert (caught.value.kind, caught.value.reason) == (
                Kind.FAILED_PRECONDITION,
                Reason.RULE_SET_NOT_ACTIVE,
            )
            await shop.count("near", "mug", 1)
            await shop.activate((await shop.revise()).revision)
            assert (await shop.allocate("o-1", cart(("mug", 1)))).lines

    async def test_rules_may_come_before_the_network(self, sqlite_url: str) -> None:
        async with running(sqlite_url) as shop:
            await shop.activate((await shop.revise(PROTECTED)).revision)
            await shop.network()
            await shop.count("near", "mug", 5)
            assert (await shop.row("near", "mug")).floors == (0, 4, 4)
            assert await can_promise(shop, "mug", 5)
            assert not await can_promise(shop, "mug", 2, "marketplace")


class TestFeeds:
    async def test_a_count_is_known_when_it_is_answered(self, shop: Shop) -> None:
        assert not await can_promise(shop, "mug", 2)
        await shop.count("near", "mug", 2)
        assert await can_promise(shop, "mug", 2)
        await shop.count("near", "mug", 1)
        assert not await can_promise(shop, "mug", 2)

    async def test_one_bad_record_stops_no_other(self, shop: Shop) -> None:
        records = tuple(
            StockRecord(kind=RecordKind.COUNT, node_id=node_id, sku="mug", quantity=3, epoch=1, seq=1)
            for node_id in ("near", "nowhere", "far")
        )
        request = ApplyStock(key=key("ApplyStock"), source="erp", records=StockRecords.of(records))
        answer = await ingest.apply_stock(shop.app, request)
        assert [result.verdict.value for result in answer.each()] == ["APPLIED", "REJECTED", "APPLIED"]
        assert answer.each()[1].reason
        assert await ingest.apply_stock(shop.app, request) == answer
        again = await ingest.apply_stock(shop.app, replace(request, key=key("ApplyStock")))
        assert [result.verdict.value for result in again.each()] == ["STALE", "REJECTED", "STALE"]

    async def test_stock_is_read_in_pages(self, shop: Shop) -> None:
        for i in range(5):
            await shop.count("near", f"sku-{i}", i)
        await shop.count("far", "sku-1", 7)
        rows, token, seen = (), "", []
        while True:
            rows, token = await ingest.get_stock(shop.app, (), (), 2, token)
            seen += [(row.node_id, row.sku, row.on_hand) for row in rows]
            if not token:
                break
        assert seen == [("far", "sku-1", 7), *(("near", f"sku-{i}", i) for i in range(5))]
        rows, token = await ingest.get_stock(shop.app, ("near",), ("sku-1", "sku-4"), 9, "")
        assert [(row.sku, row.on_hand) for row in rows] == [("sku-1", 1), ("sku-4", 4)]
        assert token == ""
        with pytest.raises(Refusal) as caught:
            await ingest.get_stock(shop.app, (), (), 2, "not a token")
        assert caught.value.reason is Reason.FIELD_INVALID


class TestNetwork:
    async def test_a_new_network_takes_effect_when_it_is_answered(self, shop: Shop) -> None:
        await shop.count("near", "mug", 5)
        await shop.count("far", "mug", 5)
        first = await shop.allocate("o-1", cart(("mug", 1)))
        assert first.lines[0].node_id == "near"
        nearest = node("nearest", 52_530_000)
        answer = await shop.network(replace(NETWORK, nodes=(nearest, *NETWORK.nodes)))
        assert answer.revision == 2
        await shop.count("nearest", "mug", 5)
        second = await shop.allocate("o-2", cart(("mug", 1)))
        assert second.lines[0].node_id == "nearest"
        await shop.network(replace(NETWORK, nodes=(NETWORK.nodes[1],)))
        third = await shop.allocate("o-3", cart(("mug", 4)))
        assert [(line.node_id, line.quantity) for line in third.lines] == [("far", 4)]
        assert (await networks.get_network(shop.app)).revision == 3

    async def test_validate_only_changes_nothing(self, shop: Shop) -> None:
        smaller = replace(NETWORK, nodes=NETWORK.nodes[:1])
        answer = await shop.network(smaller, validate_only=True)
        assert answer.network == smaller
        assert await networks.get_network(shop.app) == replace(answer, network=NETWORK)

    async def test_a_status_holds_whatever_network_is_applied(self, shop: Shop) -> None:
        await shop.count("near", "mug", 5)
        switched = await shop.status("near", NodeStatus.OFFLINE)
        assert (switched.node_id, switched.status) == ("near", NodeStatus.OFFLINE)
        assert not await can_promise(shop, "mug", 1)
        answer = await shop.network()
        assert {n.node_id: n.status for n in answer.network.nodes}["near"] is NodeStatus.OFFLINE
        assert not await can_promise(shop, "mug", 1)
        await shop.status("near", NodeStatus.OPEN)
        assert await can_promise(shop, "mug", 1)
        with pytest.raises(Refusal) as caught:
            await shop.status("nowhere", NodeStatus.OPEN)
        assert (caught.value.kind, caught.value.reason) == (Kind.NOT_FOUND, Reason.NODE_UNKNOWN)

    async def test_a_node_s_own_status_counts_when_it_is_new(self, shop: Shop) -> None:
        added = node("extra", 52_530_000, status=NodeStatus.OFFLINE)
        near = replace(NETWORK.nodes[0], status=NodeStatus.OFFLINE)
        answer = await shop.network(replace(NETWORK, nodes=(near, *NETWORK.nodes[1:], added)))
        statuses = {n.node_id: n.status for n in answer.network.nodes}
        assert (statuses["near"], statuses["extra"]) == (NodeStatus.OPEN, NodeStatus.OFFLINE)
        assert await networks.get_network(shop.app) == answer
        await shop.count("extra", "mug", 5)
        assert not await can_promise(shop, "mug", 1)
        await shop.status("extra", NodeStatus.OPEN)
        assert await can_promise(shop, "mug", 1)


class TestRules:
    async def test_activation_changes_what_channels_may_take(self, shop: Shop) -> None:
        await shop.count("near", "mug", 5)
        assert await can_promise(shop, "mug", 5, "marketplace")
        revision = await shop.revise(PROTECTED, comment="keep four")
        assert (revision.revision, revision.active, revision.comment) == (2, False, "keep four")
        assert await can_promise(shop, "mug", 5, "marketplace")
        active = await shop.activate(2)
        assert active.active
        assert active.name == "ruleSets/main/revisions/2"
        assert (await shop.row("near", "mug")).floors == (0, 4, 4)
        assert not await can_promise(shop, "mug", 2, "marketplace")
        assert await can_promise(shop, "mug", 5)
        made = await shop.allocate("o-1", cart(("mug", 1), channel="marketplace"))
        assert made.decision.rule_set_revision == "ruleSets/main/revisions/2"
        with pytest.raises(Refusal) as caught:
            await shop.allocate("o-2", cart(("mug", 1), channel="marketplace"))
        assert caught.value.reason is Reason.OUT_OF_STOCK
        await shop.activate(1)
        assert await can_promise(shop, "mug", 4, "marketplace")

    async def test_revisions_are_read_back(self, shop: Shop) -> None:
        second = await shop.revise(PROTECTED)
        assert await rule_sets.get_rule_set(shop.app, "main", None) == second
        first = await rule_sets.get_rule_set(shop.app, "main", 1)
        assert (first.yaml, first.active) == (RULES, True)
        page, token = await rule_sets.list_rule_sets(shop.app, 1, "")
        assert page == (first,)
        page, token = await rule_sets.list_rule_sets(shop.app, 5, token)
        assert (page, token) == ((second,), "")
        for rule_set_id, revision in (("main", 9), ("other", None)):
            with pytest.raises(Refusal) as caught:
                await rule_sets.get_rule_set(shop.app, rule_set_id, revision)
            assert (caught.value.kind, caught.value.reason) == (Kind.NOT_FOUND, Reason.RULE_SET_NOT_FOUND)
        with pytest.raises(Refusal) as caught:
            await shop.activate(9)
        assert caught.value.reason is Reason.RULE_SET_NOT_FOUND

    @pytest.mark.parametrize(
        ("yaml", "field"),
        [
            (RULES.replace("split: 3", "split: many"), "rules.yaml:5:10"),
            (RULES.replace("rule_set: main", "rule_set: other"), "rule_set_id"),
        ],
    )
    async def test_a_faulty_rule_set_is_refused_and_not_stored(self, shop: Shop, yaml: str, field: str) -> None:
        for validate_only in (True, False):
            with pytest.raises(Refusal) as caught:
                await shop.revise(yaml, validate_only=validate_only)
            assert (caught.value.kind, caught.value.reason) == (Kind.INVALID_ARGUMENT, Reason.RULE_SET_INVALID)
            assert caught.value.violations[0].field == field
        assert (await rule_sets.get_rule_set(shop.app, "main", None)).revision == 1

    async def test_validate_only_stores_nothing(self, shop: Shop) -> None:
        assert (await shop.revise(PROTECTED, validate_only=True)).revision == 0
        assert (await rule_sets.get_rule_set(shop.app, "main", None)).revision == 1

    async def test_orders_go_on_while_rows_protect_what_either_revision_does(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Half way through an activation, an order that the rows refuse at one node is served from another."""
        await shop.activate((await shop.revise(PROTECTED)).revision)
        await shop.count("near", "mug", 12)
        await shop.count("far", "mug", 50)
        revision = await shop.revise(MORE_PROTECTED)

        def stop_before_switch(*_: object) -> None:
            raise MemoryError("died here")

        monkeypatch.setattr(activation, "_switch", stop_before_switch)
        with pytest.raises(MemoryError, match="died here"):
            await shop.activate(revision.revision)
        monkeypatch.undo()
        assert (await shop.row("near", "mug")).floors == (0, 9, 9)
        made = await shop.allocate("o-1", cart(("mug", 4), channel="marketplace"))
        assert made.decision.rule_set_revision == "ruleSets/main/revisions/2"
        assert [(line.node_id, line.quantity) for line in made.lines] == [("far", 4)]
        web = await shop.allocate("o-2", cart(("mug", 1)))
        assert web.lines[0].node_id == "near"

        monkeypatch.setattr(activation, "ABANDONED_AFTER_SECONDS", 0)
        await shop.app.sweeper.tidy()
        await shop.app.snapshots.catch_up()
        assert (await shop.row("near", "mug")).floors == (0, 4, 4)
        back = await shop.allocate("o-3", cart(("mug", 7), channel="marketplace"))
        assert [(line.node_id, line.quantity) for line in back.lines] == [("near", 7)]


class TestReplicas:
    async def test_another_server_s_changes_arrive_by_themselves(self, postgres_url: str) -> None:
        async with running(postgres_url) as one, running(postgres_url) as other:
            with pytest.raises(Refusal):
                await can_promise(other, "mug", 1)
            await one.open()

            async def ready() -> bool:
                try:
                    return not await can_promise(other, "mug", 1)
                except Refusal:
                    return False

            await eventually(ready)
            await one.count("near", "mug", 5)
            await eventually(lambda: can_promise(other, "mug", 5))
            await other.allocate("o-1", cart(("mug", 3)))

            async def sees_the_order() -> bool:
                return not await can_promise(one, "mug", 3)

            await eventually(sees_the_order)
            await one.status("near", NodeStatus.OFFLINE)

            async def sees_the_status() -> bool:
                return not await can_promise(other, "mug", 1)

            await eventually(sees_the_status)
            await one.status("near", NodeStatus.OPEN)
            await other.activate((await other.revise(PROTECTED)).revision)

            async def sees_the_rules() -> bool:
                return not await can_promise(one, "mug", 1, "marketplace")

            await eventually(sees_the_rules)

    async def test_an_order_is_not_refused_for_good_on_a_picture_that_was_overtaken(self, postgres_url: str) -> None:
        async with running(postgres_url) as one, running(postgres_url, follow_interval_ms=60_000) as other:
            await one.open()
            await other.app.snapshots.catch_up()
            await one.count("near", "mug", 5)
            assert not await can_promise(other, "mug", 1)
            assert (await other.allocate("o-1", cart(("mug", 5)))).lines
            await one.count("near", "pan", 5)
            held = await other.promise(cart(("pan", 5)), ttl=60)
            assert held.hold is not None

    async def test_a_replay_on_another_server_is_the_same(self, postgres_url: str) -> None:
        async with running(postgres_url) as one, running(postgres_url) as other:
            await one.open()
            await one.count("near", "mug", 5)
            request_id = key("Allocate").request_id
            made = await one.allocate("o-1", cart(("mug", 2)), request_id=request_id)
            await other.app.snapshots.catch_up()
            assert await other.allocate("o-1", cart(("mug", 2)), request_id=request_id) == made


async def test_a_restarted_server_finds_everything(ledger_url: str) -> None:
    wanted = cart(("mug", 2))
    request_id = key("Allocate").request_id
    async with running(ledger_url) as shop:
        await shop.open(PROTECTED)
        await shop.count("near", "mug", 9)
        await shop.count("store", "pan", 3)
        await shop.status("far", NodeStatus.OFFLINE)
        made = await shop.allocate("o-1", wanted, request_id=request_id)
        promised = await shop.promise(wanted, ttl=600)
        await shop.app.snapshots.catch_up()
        before = await shop.promise(wanted)
    async with running(ledger_url) as shop:
        after = await shop.promise(wanted)
        assert after.promises == before.promises
        assert promised.hold is not None
        assert await shop.allocate("o-1", wanted, request_id=request_id) == made
        assert await allocate_order.get_allocation(shop.app, made.allocation_id) == made
        later = await shop.allocate("o-2", wanted, hold_id=promised.hold.hold_id)
        assert later.decision == promised.hold.decision
        assert not await can_promise(shop, "mug", 2, "marketplace")
        answer = await networks.get_network(shop.app)
        assert {n.node_id: n.status for n in answer.network.nodes}["far"] is NodeStatus.OFFLINE


async def test_the_store_s_used_capacity_survives_a_restart(sqlite_url: str) -> None:
    store = next(n for n in NETWORK.nodes if n.node_id == "store")
    assert store.capacity is not None
    small = replace(store, capacity=replace(store.capacity, per_day=1))
    network = replace(NETWORK, nodes=(*NETWORK.nodes[:2], small))
    now = datetime.now(UTC)
    wanted = replace(cart(("mug", 1)), placed_at=now)
    async with running(sqlite_url) as shop:
        await shop.open()
        await shop.network(network)
        await shop.count("store", "mug", 9)
        first = await shop.allocate("o-1", wanted)
    async with running(sqlite_url) as shop:
        promised = await shop.promise(replace(wanted, services=("ground",)))
        days = [s.ship_day for s in promised.promises.promised[0].decision.plan.shipments]
        assert first.decision.plan.shipments[0].ship_day < days[0]
