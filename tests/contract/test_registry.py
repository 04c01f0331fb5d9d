"""Networks, node statuses and rule-set revisions."""

import pytest
from tests.contract.bench import Bench, Key, use

from sourcier.domain.errors import Reason, Refusal
from sourcier.ledger import registry
from sourcier.ledger.commands import Replayed, Reserved, Short


def test_a_network_is_numbered_and_kept_as_bytes(bench: Bench) -> None:
    stored = bench.read(registry.get_network)
    assert stored is not None
    assert (stored.revision, stored.document) == (1, b"network")
    assert bench.apply_network().revision == 2


def test_applying_twice_under_one_id_is_once(bench: Bench) -> None:
    def apply() -> object:
        return bench.write(
            registry.put_network,
            Key(request_id="x"),
            b"d",
            nodes={"n1": "STORE"},
            caps={},
            beside=None,
            respond=lambda _: b"ok",
        )

    first = apply()
    assert isinstance(first, tuple)
    assert first[1] == b"ok"
    assert apply() == Replayed(response=b"ok")


def test_a_status_outlives_networks(bench: Bench) -> None:
    bench.write(registry.set_node_status, Key(request_id="x"), "n2", "OFFLINE", b"")
    bench.apply_network(nodes={"n1": "STORE", "n2": "STORE", "n3": "STORE"})
    stored = bench.read(registry.get_network)
    assert stored is not None
    assert stored.statuses == {"n1": "OPEN", "n2": "OFFLINE", "n3": "OPEN"}


def test_a_first_status_is_for_nodes_never_seen(bench: Bench) -> None:
    nodes = {"n1": "STORE", "n7": "STORE", "n8": "STORE"}
    outcome = bench.write(
        registry.put_network,
        Key(request_id="x"),
        b"",
        nodes=nodes,
        caps={},
        beside=None,
        respond=lambda _: b"",
        offline=frozenset({"n1", "n7"}),
    )
    assert isinstance(outcome, tuple)
    assert outcome[0].statuses == {"n1": "OPEN", "n7": "OFFLINE", "n8": "OPEN"}


def test_unknown_nodes_have_no_status(bench: Bench) -> None:
    bench.apply_network(nodes={"n1": "STORE"})
    for node_id in ("nowhere", "n2"):
        with pytest.raises(Refusal) as refused:
            bench.write(registry.set_node_status, Key(request_id=node_id), node_id, "OPEN", b"")
        assert refused.value.reason is Reason.NODE_UNKNOWN


def test_a_capacity_may_change_begin_and_end(bench: Bench) -> None:
    bench.count("n1", "a", 50)
    wanted = {"pools": (use("n1", 1),)}
    bench.apply_network(caps={"n1": 2})
    assert isinstance(bench.allocate(("n1", "a", 1), **wanted), Reserved)
    bench.apply_network(caps={"n1": 1})
    assert isinstance(bench.allocate(("n1", "a", 1), **wanted), Short)
    bench.apply_network(caps={"n1": 3})
    assert isinstance(bench.allocate(("n1", "a", 1), **wanted), Reserved)
    bench.apply_network()
    for _ in range(3):
        assert isinstance(bench.allocate(("n1", "a", 1), **wanted), Reserved)
    assert bench.used("n1") == 5
    bench.apply_network(caps={"n1": 5})
    assert isinstance(bench.allocate(("n1", "a", 1), **wanted), Short)


def test_new_nodes_and_changed_types_take_the_floors_in_force(bench: Bench) -> None:
    bench.activate({"STORE": (1, 2, 3), "WAREHOUSE": (0, 0, 9)})
    bench.count("n1", "a", 5)
    bench.apply_network(nodes={"n1": "WAREHOUSE", "n9": "STORE"})
    bench.count("n9", "a", 5)
    assert bench.row("n1", "a").floors == (0, 0, 9)
    assert bench.row("n9", "a").floors == (1, 2, 3)


def test_revisions_count_from_one_and_never_change(bench: Bench) -> None:
    def add(rule_set_id: str, document: bytes) -> int:
        outcome = bench.write(
            registry.add_rule_set_revision,
            Key(request_id=f"{rule_set_id}-{document!r}"),
            rule_set_id,
            document,
            "why",
            lambda stored: str(stored.revision).encode(),
        )
        return int(outcome.response) if isinstance(outcome, Replayed) else outcome[0].revision

    assert [add("a", b"1"), add("a", b"2"), add("b", b"3"), add("a", b"1")] == [1, 2, 1, 1]
    newest = bench.read(registry.get_rule_set_revision, "a")
    first = bench.read(registry.get_rule_set_revision, "a", 1)
    assert newest is not None
    assert first is not None
    assert (newest.revision, newest.document, first.document, first.comment) == (2, b"2", b"1", "why")
    assert bench.read(registry.get_rule_set_revision, "a", 3) is None
    assert bench.read(registry.get_rule_set_revision, "c") is None
    page, after = bench.read(registry.list_rule_sets, 2)
    assert [(found.rule_set_id, found.revision) for found in page] == [("a", 1), ("a", 2)]
    assert after == ("a", 2)
    page, after = bench.read(registry.list_rule_sets, 2, after)
    assert [(found.rule_set_id, found.revision) for found in page] == [("b", 1)]
    assert after is None


def test_nothing_is_active_at_first(bench: Bench) -> None:
    assert bench.read(registry.active_rule_set) is None
    bench.activate({}, rule_set_id="x")
    active = bench.read(registry.active_rule_set)
    assert active is not None
    assert (active.rule_set_id, active.revision, active.active) == ("x", 1, True)
