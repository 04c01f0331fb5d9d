"""The request log: same id and body, same bytes; another body is refused; a refusal stays a refusal."""

import dataclasses

import pytest
from tests.contract.bench import Bench, Key, allocation, hold

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.ledger import requests, settle
from sourcier.ledger.commands import Replayed, Reserved, Short


@pytest.mark.parametrize("changed", [{"fingerprint": "other"}, {"method": "PromiseDelivery"}])
def test_an_id_with_another_body_or_method_is_refused(bench: Bench, changed: dict[str, str]) -> None:
    """C2."""
    bench.count("n1", "a", 5)
    command = allocation(("n1", "a", 1))
    bench.reserve(command)
    with pytest.raises(Refusal) as refused:
        bench.reserve(dataclasses.replace(command, **changed))
    assert (refused.value.kind, refused.value.reason) == (Kind.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED)
    assert bench.free("n1", "a") == 4


def test_recall_reads_without_changing_anything(bench: Bench) -> None:
    bench.count("n1", "a", 5)
    command = allocation(("n1", "a", 1))
    key = (command.method, command.request_id, command.fingerprint)
    assert bench.read(requests.recall, *key) is None
    done = bench.reserve(command)
    assert isinstance(done, Reserved)
    assert bench.read(requests.recall, *key) == done.response
    with pytest.raises(Refusal) as refused:
        bench.read(requests.recall, key[0], key[1], "other")
    assert refused.value.reason is Reason.REQUEST_ID_REUSED


def test_a_remembered_refusal_outlives_the_shortage(bench: Bench) -> None:
    """C4: refused for stock; stock arrives; the late duplicate is still refused."""
    bench.count("n1", "a", 1)
    command = allocation(("n1", "a", 2))
    assert isinstance(bench.reserve(command), Short)
    assert bench.remember(command.request_id, b"OUT_OF_STOCK") == b"OUT_OF_STOCK"
    bench.count("n1", "a", 10)
    assert bench.reserve(command) == Replayed(response=b"OUT_OF_STOCK")
    assert bench.free("n1", "a") == 10


def test_who_comes_too_late_to_remember_is_told_what_the_log_says(bench: Bench) -> None:
    bench.count("n1", "a", 1)
    command = allocation(("n1", "a", 1))
    done = bench.reserve(command)
    assert isinstance(done, Reserved)
    assert bench.remember(command.request_id, b"OUT_OF_STOCK") == done.response


def test_begin_and_finish_make_any_operation_repeatable(bench: Bench) -> None:
    key = Key(request_id="batch")
    at, known = bench.write(requests.begin, key)
    assert at > 0
    assert known is None
    with pytest.raises(Refusal) as refused:
        bench.write(requests.begin, key)
    assert refused.value.reason is Reason.CONTENDED
    bench.write(requests.finish, key, b"answer")
    assert bench.write(requests.begin, key) == (0, b"answer")


def test_old_requests_are_forgotten_unless_their_order_is_open(bench: Bench) -> None:
    """C6: after seven days the id is new again; an open order's own lines still forbid a second allocation."""
    bench.count("n1", "a", 9)
    open_order = allocation(("n1", "a", 1), order_id="o1")
    shipped = allocation(("n1", "a", 1), order_id="o2")
    bench.reserve(open_order)
    bench.reserve(shipped)
    bench.settle(settle.ship, shipped.reservation_id)
    bench.remember("refused", b"no")
    bench.pass_time(7 * 24 * 3_600 - 60)
    assert bench.write(requests.forget_old, 100) == 0
    bench.pass_time(120)
    assert bench.write(requests.forget_old, 100) == 4  # the network's, the shipped order's, its shipment's, the refusal
    assert isinstance(bench.reserve(open_order), Replayed)
    assert bench.remember("refused", b"yes") == b"yes"
    with pytest.raises(Refusal) as refused:
        bench.reserve(dataclasses.replace(shipped, reservation_id="again"))
    assert refused.value.reason is Reason.ORDER_LINE_ALREADY_ALLOCATED


def test_forgetting_goes_in_batches(bench: Bench) -> None:
    for number in range(5):
        bench.remember(f"r{number}", b"")
    bench.pass_time(100)
    counts = [bench.write(requests.forget_old, 3, keep_seconds=50) for _ in range(3)]
    assert counts == [3, 3, 0]


def test_hold_and_allocation_may_share_nothing_but_stock(bench: Bench) -> None:
    bench.count("n1", "a", 2)
    assert isinstance(bench.reserve(hold(("n1", "a", 1))), Reserved)
    assert isinstance(bench.reserve(allocation(("n1", "a", 1))), Reserved)
    assert isinstance(bench.reserve(hold(("n1", "a", 1))), Short)
