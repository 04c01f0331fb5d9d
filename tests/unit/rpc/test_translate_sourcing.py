"""The sourcing requests and answers."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.rpc import messages
from tests.rpc.messages import NOW
from tests.rpc.spoil import REQUEST_IDS_REFUSED, assign, faults_of
from tests.unit.rpc.test_translate_common import decision

from sourcier.domain.limits import LINES_PER_SETTLEMENT_MAX
from sourcier.domain.network import Method
from sourcier.domain.promise import Choice, Kept, Promise, Promises, Remedy, Unpromised
from sourcier.domain.reservation import ReservationLine, State
from sourcier.rpc import translate_sourcing as sourcing
from sourcier.service.commands import Allocation, Hold, HoldWanted, LineQuantity, PromiseAnswer, ToOrder
from sourcier.v1 import common_pb2
from sourcier.v1 import sourcing_pb2 as pb

CREATED = datetime(2026, 11, 23, 8, 0, 1, tzinfo=UTC)


def test_a_promise_without_hold_needs_no_request_id() -> None:
    command = sourcing.parse_promise_delivery(messages.promise(), NOW)
    assert command.hold is None
    assert command.key is None
    assert command.cart.lines[0].unit_price_micros == 4_990_000


def test_a_hold_has_a_time_to_live_and_a_key() -> None:
    request = messages.promise(ttl=60)
    request.hold.service_id = "ground"
    command = sourcing.parse_promise_delivery(request, NOW)
    assert not command.explain
    assert command.hold == HoldWanted(ttl_seconds=60, service_id="ground")
    assert command.key is not None
    assert (command.key.method, command.key.request_id) == ("PromiseDelivery", request.request_id)
    request.hold.ClearField("ttl_seconds")
    wanted = sourcing.parse_promise_delivery(request, NOW).hold
    assert wanted is not None
    assert wanted.ttl_seconds == 900


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("cart", None, "cart"),
        ("cart.lines[0].quantity", 0, "cart.lines[0].quantity"),
        ("hold.ttl_seconds", 0, "hold.ttl_seconds"),
        ("hold.ttl_seconds", -1, "hold.ttl_seconds"),
        ("hold.ttl_seconds", 14_401, "hold.ttl_seconds"),
        ("hold.service_id", "x" * 129, "hold.service_id"),
        ("hold.store_id", "x" * 129, "hold.store_id"),
        ("hold.store_id", "a\0", "hold.store_id"),
        ("hold.choice", 99, "hold.choice"),
        ("hold.choice", -1, "hold.choice"),
        ("hold.choice", pb.CHOICE_CHEAPEST, "hold.choice"),  # not asked for
        ("choices", [0], "choices[0]"),
        ("choices", [5], "choices[0]"),
        ("choices", [1, 1], "choices[1]"),
        ("choices", [1, 2, 3, 4, 99], "choices"),
        *(("request_id", value, "request_id") for value in REQUEST_IDS_REFUSED),
    ],
)
def test_spoilt_promises_are_refused_for_the_field(path: str, value: object, field: str) -> None:
    request = messages.promise(ttl=60)
    assign(path, value)(request)
    assert list(faults_of(lambda: sourcing.parse_promise_delivery(request, NOW))) == [field]


def test_choices_are_wanted_and_one_of_them_held() -> None:
    assert sourcing.parse_promise_delivery(messages.promise(), NOW).choices == {Choice.EARLIEST}
    request = messages.promise(ttl=60)
    request.choices.extend([pb.CHOICE_FRONTIER, pb.CHOICE_CHEAPEST])
    request.hold.choice, request.hold.store_id = pb.CHOICE_CHEAPEST, "store"
    command = sourcing.parse_promise_delivery(request, NOW)
    assert command.choices == {Choice.CHEAPEST, Choice.FRONTIER}
    assert command.hold == HoldWanted(ttl_seconds=60, store_id="store", choice=Choice.CHEAPEST)


@pytest.mark.parametrize("ttl", [1, 14_400])
def test_holds_live_from_a_second_to_four_hours(ttl: int) -> None:
    wanted = sourcing.parse_promise_delivery(messages.promise(ttl=ttl), NOW).hold
    assert wanted is not None
    assert wanted.ttl_seconds == ttl


def test_a_bad_request_id_is_refused_even_where_none_is_needed() -> None:
    request = messages.promise()
    request.request_id = "1"
    assert list(faults_of(lambda: sourcing.parse_promise_delivery(request, NOW))) == ["request_id"]


def test_promises_are_told_whole() -> None:
    answer = PromiseAnswer(
        promises=Promises(
            promised=(
                Promise(
                    method=Method.HOME_DELIVERY,
                    service_id="ground",
                    order_by=datetime(2026, 11, 23, 13, 30, tzinfo=UTC),
                    ship_by=datetime(2026, 11, 23, 14, 0, tzinfo=UTC),
                    earliest=date(2026, 11, 26),
                    latest=date(2026, 11, 27),
                    time_zone="Europe/Berlin",
                    decision=decision(),
                ),
            ),
            unpromised=(
                Unpromised(method=Method.HOME_DELIVERY, service_id="express", reason="NO_STOCK", line_ids=("1", "2")),
            ),
            rule_set_revision="ruleSets/main/revisions/1",
            snapshot_version=42,
        ),
        hold=Hold(hold_id="h1", service_id="ground", expires_at=CREATED, decision=decision()),
    )
    response = sourcing.format_promise_answer(answer, "EUR", explain=True)
    (promised,) = response.promised
    assert (promised.method, promised.service_id) == (common_pb2.METHOD_HOME_DELIVERY, "ground")
    assert promised.order_by.ToJsonString() == "2026-11-23T13:30:00Z"
    assert promised.ship_by.ToJsonString() == "2026-11-23T14:00:00Z"
    assert (promised.earliest.day, promised.latest.day, promised.time_zone) == (26, 27, "Europe/Berlin")
    assert len(promised.decision.left_out) == 2
    (unpromised,) = response.unpromised
    assert (unpromised.reason, list(unpromised.line_ids)) == ("NO_STOCK", ["1", "2"])
    assert (response.rule_set_revision, response.snapshot_version) == ("ruleSets/main/revisions/1", 42)
    assert (response.hold.name, response.hold.service_id) == ("holds/h1", "ground")
    assert response.hold.expires_at.ToJsonString() == "2026-11-23T08:00:01Z"
    assert response.hold.decision.status == common_pb2.STATUS_FEASIBLE
    short = sourcing.format_promise_answer(PromiseAnswer(promises=answer.promises), "EUR", explain=False)
    assert not short.HasField("hold")
    assert not short.promised[0].decision.left_out


def option(**other: Any) -> Promise:
    values = {
        "method": Method.SHIP_TO_STORE,
        "service_id": "feeder",
        "order_by": datetime(2026, 11, 23, 13, 30, tzinfo=UTC),
        "ship_by": datetime(2026, 11, 23, 14, 0, tzinfo=UTC),
        "earliest": date(2026, 11, 26),
        "latest": date(2026, 11, 27),
        "time_zone": "Europe/Berlin",
        "decision": decision(),
        "choices": frozenset({Choice.FRONTIER, Choice.CHEAPEST}),
        "store_id": "store",
        "ready_at": datetime(2026, 11, 27, 9, 0, tzinfo=UTC),
        "windows": ((480, 720), (840, 1_440)),
        "fee_micros": 4_900_000,
        "co2_grams": 1_250,
        "confidence_bp": 9_025,
    }
    return Promise(**values | other)


def test_an_option_tells_all_that_a_checkout_shows() -> None:
    promises = Promises(
        promised=(option(), option(store_id="", ready_at=None, windows=())),
        unpromised=(
            Unpromised(
                method=Method.CLICK_AND_COLLECT,
                service_id="counter",
                reason="OUT_OF_STOCK",
                line_ids=("3",),
                store_id="store",
                remedy=Remedy(remove_line_ids=("3",), wait_until=date(2026, 12, 24)),
            ),
            Unpromised(method=Method.EXPRESS, service_id="express", reason="NO_LANE"),
        ),
        rule_set_revision="ruleSets/main/revisions/1",
        snapshot_version=42,
    )
    hold = Hold(hold_id="h1", service_id="feeder", expires_at=CREATED, decision=decision(), store_id="store", option=1)
    answer = PromiseAnswer(promises=promises, hold=hold, tokens=("first", "second"), tokens_expire_at=CREATED)
    response = sourcing.format_promise_answer(answer, "EUR", explain=False)
    collected, delivered = response.promised
    assert list(collected.choices) == [pb.CHOICE_CHEAPEST, pb.CHOICE_FRONTIER]
    assert (collected.store_id, collected.ready_at.ToJsonString()) == ("store", "2026-11-27T09:00:00Z")
    assert [(span.from_minute, span.to_minute) for span in collected.windows] == [(480, 720), (840, 1_440)]
    assert collected.fee == messages.euros(4, 900_000_000)
    assert (collected.co2_grams, collected.confidence_bp, collected.token) == (1_250, 9_025, "first")
    assert collected.token_expires_at == delivered.token_expires_at
    assert collected.token_expires_at.ToJsonString() == "2026-11-23T08:00:01Z"
    assert (delivered.store_id, delivered.HasField("ready_at"), delivered.token) == ("", False, "second")
    assert (response.hold.store_id, response.hold.option) == ("store", 1)
    stocked_out, unreached = response.unpromised
    assert (stocked_out.store_id, list(stocked_out.remedy.remove_line_ids)) == ("store", ["3"])
    assert stocked_out.remedy.wait_until.day == 24
    assert not unreached.remedy.HasField("wait_until")


@pytest.mark.parametrize("choice", Choice)
def test_every_choice_can_be_asked_for_and_told(choice: Choice) -> None:
    request = messages.promise()
    request.choices.append(sourcing.CHOICES.to_proto[choice])
    assert sourcing.parse_promise_delivery(request, NOW).choices == {choice}


def test_an_order_is_allocated_with_its_options() -> None:
    request = messages.allocate()
    request.promise_token = "token"
    request.order.priority = 7
    request.hold = "holds/h1"
    request.reallocate_if_expired = True
    request.validate_only = True
    command = sourcing.parse_allocate(request, NOW)
    assert (command.hold_id, command.reallocate_if_expired, command.validate_only) == ("h1", True, True)
    assert (command.key.method, command.order.order_id) == ("Allocate", "order-1")
    assert (command.promise_token, command.order.priority) == ("token", 7)


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("order", None, "order"),
        ("order.cart", None, "order.cart"),
        ("order.cart.lines[0].sku", "", "order.cart.lines[0].sku"),
        ("hold", "h1", "hold"),
        ("hold", "allocations/h1", "hold"),
        ("hold", "holds/", "hold"),
        ("order.priority", -1, "order.priority"),
        ("promise_token", "x" * 2_049, "promise_token"),
        ("promise_token", "a\nb", "promise_token"),
        ("promise_token", " ", "promise_token"),
        *(("request_id", value, "request_id") for value in REQUEST_IDS_REFUSED),
    ],
)
def test_spoilt_allocations_are_refused_for_the_field(path: str, value: object, field: str) -> None:
    request = messages.allocate()
    assign(path, value)(request)
    assert list(faults_of(lambda: sourcing.parse_allocate(request, NOW))) == [field]


def allocation(**other: Any) -> Allocation:
    lines = tuple(
        ReservationLine(line_no=number, line_id="1", node_id="near", sku="tea", quantity=1, state=state)
        for number, state in enumerate(State, start=1)
    )
    values = {
        "allocation_id": "a1",
        "order_id": "order-1",
        "currency_code": "EUR",
        "created_at": CREATED,
        "decision": decision(),
        "lines": lines,
        "hold_id": "a1",
        "reallocated": True,
    }
    return Allocation(**values | other)


def test_an_allocation_is_told_whole_and_lines_in_every_state() -> None:
    message = sourcing.format_allocation(allocation(), explain=True)
    assert (message.name, message.order_id, message.hold) == ("allocations/a1", "order-1", "holds/a1")
    assert message.reallocated
    assert message.created_at.ToJsonString() == "2026-11-23T08:00:01Z"
    assert message.decision.objective == messages.euros(5, 350_007_000)
    assert len(message.decision.left_out) == 2
    assert [sourcing.STATES.to_domain[line.state] for line in message.lines] == list(State)
    assert [line.line_no for line in message.lines] == list(range(1, len(State) + 1))
    assert message.lines[0] == pb.AllocationLine(
        line_no=1, line_id="1", node_id="near", sku="tea", quantity=1, state=pb.STATE_HELD
    )


def test_an_allocation_tells_the_promise_it_keeps_and_what_must_be_ordered() -> None:
    kept = Kept(
        method=Method.SHIP_TO_STORE,
        earliest=date(2026, 11, 26),
        latest=date(2026, 11, 27),
        time_zone="Europe/Berlin",
        fee_micros=4_900_000,
        late_days=2,
        store_id="store",
        rule_set_revision="ruleSets/main/revisions/1",
    )
    wanted = ToOrder(supply_id="s-1", node_id="near", sku="tea", quantity=3, expected_on=date(2026, 12, 1))
    line = ReservationLine(
        line_no=1, line_id="1", node_id="near", sku="tea", quantity=3, state=State.ALLOCATED, supply_id="s-1"
    )
    message = sourcing.format_allocation(allocation(kept=kept, to_order=(wanted,), lines=(line,)), explain=False)
    assert message.kept.method == common_pb2.METHOD_SHIP_TO_STORE
    assert (message.kept.earliest.day, message.kept.latest.day, message.kept.late_days) == (26, 27, 2)
    assert (message.kept.time_zone, message.kept.store_id) == ("Europe/Berlin", "store")
    assert message.kept.fee == messages.euros(4, 900_000_000)
    assert message.kept.rule_set_revision == "ruleSets/main/revisions/1"
    (entry,) = message.to_order
    assert (entry.supply_id, entry.node_id, entry.sku, entry.quantity) == ("s-1", "near", "tea", 3)
    assert (entry.expected_on.month, entry.expected_on.day) == (12, 1)
    assert message.lines[0].supply_id == "s-1"
    assert not sourcing.format_allocation(allocation(), explain=False).HasField("kept")


def test_a_validated_allocation_has_no_name() -> None:
    message = sourcing.format_allocation(allocation(allocation_id="", hold_id="", lines=()), explain=False)
    assert (message.name, message.hold, len(message.lines)) == ("", "", 0)
    assert not message.decision.left_out


@pytest.mark.parametrize(
    ("view", "full"),
    [
        (pb.ALLOCATION_VIEW_UNSPECIFIED, False),
        (pb.ALLOCATION_VIEW_BASIC, False),
        (pb.ALLOCATION_VIEW_FULL, True),
    ],
)
def test_the_view_says_how_much_is_wanted(view: pb.AllocationView.ValueType, full: bool) -> None:
    request = messages.get_allocation("allocations/a1")
    request.view = view
    assert sourcing.parse_get_allocation(request) == ("a1", full)


@pytest.mark.parametrize(("path", "value"), [("name", ""), ("name", "holds/a1"), ("name", "a1"), ("view", 99)])
def test_spoilt_reads_are_refused_for_the_field(path: str, value: object) -> None:
    request = messages.get_allocation()
    assign(path, value)(request)
    assert list(faults_of(lambda: sourcing.parse_get_allocation(request))) == [path]


SETTLEMENTS: list[tuple[Callable[[], Any], Callable[[Any], Any], str]] = [
    (messages.ship, sourcing.parse_ship_allocation, "ShipAllocation"),
    (messages.cancel, sourcing.parse_cancel_allocation, "CancelAllocation"),
]


@pytest.mark.parametrize(("make", "parse", "method"), SETTLEMENTS)
def test_lines_are_settled_in_parts_or_all(make: Any, parse: Any, method: str) -> None:
    request = make()
    command = parse(request)
    assert (command.key.method, command.allocation_id) == (method, "a1")
    assert command.lines == (LineQuantity(line_no=1, quantity=1),)
    request.ClearField("lines")
    assert parse(request).lines == ()


@pytest.mark.parametrize(("make", "parse", "method"), SETTLEMENTS)
@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("name", "", "name"),
        ("name", "allocations/a/b", "name"),
        ("lines[0].line_no", 0, "lines[0].line_no"),
        ("lines[0].line_no", -1, "lines[0].line_no"),
        ("lines[0].quantity", 0, "lines[0].quantity"),
        ("lines[0].quantity", 1_000_001, "lines[0].quantity"),
        ("lines", [pb.LineQuantity(line_no=1, quantity=1)] * 2, "lines[1].line_no"),
        (
            "lines",
            [pb.LineQuantity(line_no=i, quantity=1) for i in range(1, LINES_PER_SETTLEMENT_MAX + 2)],
            "lines",
        ),
        ("request_id", "", "request_id"),
        ("request_id", "x", "request_id"),
    ],
)
def test_spoilt_settlements_are_refused_for_the_field(
    make: Any, parse: Any, method: str, path: str, value: object, field: str
) -> None:
    request = make()
    assign(path, value)(request)
    assert list(faults_of(lambda: parse(request))) == [field]


def test_a_hold_is_released_by_name() -> None:
    request = messages.release("holds/h1")
    command = sourcing.parse_release_hold(request)
    assert (command.hold_id, command.key.method) == ("h1", "ReleaseHold")


@pytest.mark.parametrize(("path", "value"), [("name", ""), ("name", "allocations/h1"), ("request_id", "")])
def test_spoilt_releases_are_refused_for_the_field(path: str, value: str) -> None:
    request = messages.release()
    assign(path, value)(request)
    assert list(faults_of(lambda: sourcing.parse_release_hold(request))) == [path]
