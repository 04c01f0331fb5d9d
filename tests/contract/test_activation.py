"""Activation in two passes: while it runs both revisions are kept, and a process that dies leaves no hole."""

import uuid
from dataclasses import replace

import pytest
from tests.contract.bench import Bench, Key

from sourcier.domain.errors import Reason, Refusal
from sourcier.ledger import activation, queries_admin, registry
from sourcier.ledger.commands import Replayed, Reserved, Short


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activation, "ROWS_PER_BATCH", 3)


def command(bench: Bench, floors: dict[str, tuple[int, int, int]], request_id: str = "go") -> activation.Activate:
    added = bench.write(
        registry.add_rule_set_revision, Key(request_id=f"add-{request_id}"), "base", b"", "", lambda _: b""
    )
    assert not isinstance(added, Replayed)
    return activation.Activate(
        method="ActivateRuleSet",
        request_id=request_id,
        fingerprint="same",
        rule_set_id="base",
        revision=added[0].revision,
        floors=floors,
        network_revision=bench.network_revision(),
    )


def floors_of(bench: Bench, num: int = 7) -> set[tuple[int, int, int]]:
    return {bench.row("n1", f"s{number}").floors for number in range(num)}


def fill(bench: Bench, num: int = 7) -> None:
    for number in range(num):
        bench.count("n1", f"s{number}", 10)


def test_all_rows_get_the_floors_of_their_node_type(bench: Bench) -> None:
    fill(bench)
    bench.count("w1", "x", 10)
    done = activation.activate(bench.ledger, command(bench, {"STORE": (1, 2, 3)}), lambda stored: stored.document)
    assert isinstance(done, activation.Activated)
    assert done.rule_set.active
    assert floors_of(bench) == {(1, 2, 3)}
    assert bench.row("w1", "x").floors == (0, 0, 0)
    activation.activate(bench.ledger, command(bench, {"WAREHOUSE": (0, 0, 1)}, "next"), lambda _: b"")
    assert floors_of(bench) == {(0, 0, 0)}
    assert bench.row("w1", "x").floors == (0, 0, 1)


def test_the_same_activation_is_done_once(bench: Bench) -> None:
    wanted = command(bench, {"STORE": (1, 1, 1)})
    activation.activate(bench.ledger, wanted, lambda _: b"first")
    assert activation.activate(bench.ledger, wanted, lambda _: b"second") == Replayed(response=b"first")


def test_an_unknown_revision_changes_nothing(bench: Bench) -> None:
    fill(bench)
    wanted = replace(command(bench, {"STORE": (9, 9, 9)}), rule_set_id="none")
    with pytest.raises(Refusal) as refused:
        activation.activate(bench.ledger, wanted, lambda _: b"")
    assert refused.value.reason is Reason.RULE_SET_NOT_FOUND
    assert floors_of(bench) == {(0, 0, 0)}


def test_between_the_passes_a_row_keeps_what_either_revision_keeps(bench: Bench) -> None:
    bench.activate({"STORE": (4, 4, 4)})
    fill(bench, 1)
    wanted = command(bench, {"STORE": (1, 6, 6)})
    token = "mine"
    bench.write(activation._begin, wanted, token)
    bench.write(activation._batch, ("", ""), change=queries_admin.RAISE_FLOORS, token=token)
    assert floors_of(bench, 1) == {(4, 6, 6)}
    assert isinstance(bench.hold(("n1", "s0", 7), channel_class=0), Short)
    bench.count("n1", "new", 10)
    assert bench.row("n1", "new").floors == (4, 6, 6)
    bench.write(activation._switch, wanted, token, lambda _: b"")
    assert isinstance(bench.hold(("n1", "s0", 7), channel_class=0), Short)
    bench.write(activation._batch, ("", ""), change=queries_admin.WRITE_FLOORS, token=token)
    bench.write(activation._end, token)
    assert floors_of(bench, 1) == {(1, 6, 6)}
    assert bench.row("n1", "new").floors == (1, 6, 6)
    assert isinstance(bench.hold(("n1", "s0", 9), channel_class=0), Reserved)


@pytest.mark.parametrize("switched", [False, True])
def test_a_process_that_died_is_tidied_up_after(bench: Bench, switched: bool) -> None:
    bench.activate({"STORE": (4, 4, 4)})
    fill(bench)
    wanted = command(bench, {"STORE": (1, 6, 6)})
    bench.write(activation._begin, wanted, "dead")
    bench.write(activation._batch, ("", ""), change=queries_admin.RAISE_FLOORS, token="dead")
    if switched:
        bench.write(activation._switch, wanted, "dead", lambda _: b"")
    assert not activation.settle_floors(bench.ledger), "it may still be alive"
    with pytest.raises(Refusal) as refused:
        activation.activate(bench.ledger, command(bench, {}, "other"), lambda _: b"")
    assert refused.value.reason is Reason.CONTENDED
    bench.pass_time(activation.ABANDONED_AFTER_SECONDS + 1)
    assert activation.settle_floors(bench.ledger)
    assert floors_of(bench) == {(1, 6, 6) if switched else (4, 4, 4)}
    assert not activation.settle_floors(bench.ledger)
    with pytest.raises(Refusal) as refused:
        bench.write(activation._batch, ("", ""), change=queries_admin.WRITE_FLOORS, token="dead")
    assert refused.value.reason is Reason.CONTENDED


def test_a_dead_activation_gives_way_to_the_next(bench: Bench) -> None:
    fill(bench)
    bench.write(activation._begin, command(bench, {"STORE": (9, 9, 9)}), "dead")
    bench.write(activation._batch, ("", ""), change=queries_admin.RAISE_FLOORS, token="dead")
    bench.pass_time(activation.ABANDONED_AFTER_SECONDS + 1)
    activation.activate(bench.ledger, command(bench, {"STORE": (1, 1, 1)}, "next"), lambda _: b"")
    assert floors_of(bench) == {(1, 1, 1)}


def test_a_rule_set_does_not_come_into_force_beside_a_network_that_it_was_not_compared_with(bench: Bench) -> None:
    bench.activate({"STORE": (4, 4, 4)})
    fill(bench)
    wanted = command(bench, {"STORE": (1, 6, 6)})
    bench.apply_network()
    before = bench.in_force()
    with pytest.raises(Refusal) as refused:
        activation.activate(bench.ledger, wanted, lambda _: b"")
    assert refused.value.reason is Reason.CONTENDED
    assert (bench.in_force(), floors_of(bench)) == (before, {(4, 4, 4)})
    anew = replace(wanted, network_revision=bench.network_revision())
    assert isinstance(activation.activate(bench.ledger, anew, lambda _: b""), activation.Activated)
    assert floors_of(bench) == {(1, 6, 6)}


@pytest.mark.parametrize("beside", [None, ("base", 1)])
def test_a_network_does_not_come_into_force_beside_a_rule_set_that_it_was_not_compared_with(
    bench: Bench, beside: tuple[str, int] | None
) -> None:
    for _ in range(2):
        bench.activate({"STORE": (4, 4, 4)})
    before = bench.read(registry.get_network)
    with pytest.raises(Refusal) as refused:
        bench.write(
            registry.put_network,
            Key(request_id=uuid.uuid4().hex),
            b"other",
            nodes={"n1": "WAREHOUSE"},
            caps={},
            beside=beside,
            respond=lambda _: b"",
        )
    assert refused.value.reason is Reason.CONTENDED
    assert bench.read(registry.get_network) == before
