"""sourcing.proto beside the commands and answers of the sourcing use cases."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sourcier.domain.limits import (
    HOLD_TTL_SECONDS_DEFAULT,
    HOLD_TTL_SECONDS_MAX,
    HOLD_TTL_SECONDS_MIN,
    LINES_PER_SETTLEMENT_MAX,
    PROMISE_TOKEN_BYTES_MAX,
    QUANTITY_PER_LINE_MAX,
)
from sourcier.domain.promise import Choice, Kept, Promise, Unpromised
from sourcier.domain.reservation import State
from sourcier.rpc.fields import Check, EnumTable, fill_day, fill_instant, fill_money
from sourcier.rpc.translate_calendar import fill_spans
from sourcier.rpc.translate_common import METHODS, fill_decision, parse_cart, parse_order, request_key
from sourcier.service.commands import (
    Allocate,
    Allocation,
    Hold,
    HoldWanted,
    LineQuantity,
    PromiseAnswer,
    PromiseDelivery,
    ReleaseHold,
    SettleAllocation,
)
from sourcier.v1 import sourcing_pb2 as pb

STATES: Final = EnumTable(pb.State, State, "STATE")
CHOICES: Final = EnumTable(pb.Choice, Choice, "CHOICE")
LINE_NO_MAX: Final = 2**31 - 1


def parse_promise_delivery(request: pb.PromiseDeliveryRequest, now: datetime) -> PromiseDelivery:
    """The command in a request; raises FIELD_INVALID with every fault."""
    check = Check()
    cart = parse_cart(check.required("cart", request), request.cart, now)
    choices = frozenset(check.members("choices", request.choices, CHOICES)) or frozenset({Choice.EARLIEST})
    hold = key = None
    if request.HasField("hold"):
        hold = _parse_hold_wanted(check.inside("hold"), request.hold, choices)
        key = request_key(check, "PromiseDelivery", request, request.request_id)
    else:
        check.request_id(request.request_id, required=False)
    check.finish()
    return PromiseDelivery(cart=cart, hold=hold, key=key, explain=request.explain, choices=choices)


def _parse_hold_wanted(check: Check, message: pb.HoldWanted, choices: frozenset[Choice]) -> HoldWanted:
    choice = check.member("choice", message.choice, CHOICES) if message.choice else None
    if choice is not None and choice not in choices:
        check.fault("choice", "is not among the choices of the request")
    ttl_seconds = message.ttl_seconds if message.HasField("ttl_seconds") else HOLD_TTL_SECONDS_DEFAULT
    return HoldWanted(
        ttl_seconds=check.whole("ttl_seconds", ttl_seconds, HOLD_TTL_SECONDS_MIN, HOLD_TTL_SECONDS_MAX),
        service_id=check.text("service_id", message.service_id, required=False),
        store_id=check.text("store_id", message.store_id, required=False),
        choice=choice,
    )


def format_promise_answer(answer: PromiseAnswer, currency_code: str, *, explain: bool) -> pb.PromiseDeliveryResponse:
    """The response to a cart in the given currency."""
    promises = answer.promises
    response = pb.PromiseDeliveryResponse(
        rule_set_revision=promises.rule_set_revision, snapshot_version=promises.snapshot_version
    )
    for promise in promises.promised:
        _fill_promise(response.promised.add(), promise, currency_code, explain=explain)
    for message, token in zip(response.promised, answer.tokens, strict=bool(answer.tokens)):
        message.token = token
        if answer.tokens_expire_at is not None:
            fill_instant(message.token_expires_at, answer.tokens_expire_at)
    for unpromised in promises.unpromised:
        _fill_unpromised(response.unpromised.add(), unpromised)
    if answer.hold is not None:
        _fill_hold(response.hold, answer.hold, currency_code, explain=explain)
    return response


def _fill_promise(message: pb.Promise, promise: Promise, currency_code: str, *, explain: bool) -> None:
    message.method = METHODS.to_proto[promise.method]
    message.service_id = promise.service_id
    fill_instant(message.order_by, promise.order_by)
    fill_instant(message.ship_by, promise.ship_by)
    fill_day(message.earliest, promise.earliest)
    fill_day(message.latest, promise.latest)
    message.time_zone = promise.time_zone
    fill_decision(message.decision, promise.decision, currency_code, explain=explain)
    message.choices.extend(CHOICES.to_proto[choice] for choice in Choice if choice in promise.choices)
    message.store_id = promise.store_id
    if promise.ready_at is not None:
        fill_instant(message.ready_at, promise.ready_at)
    fill_spans(message.windows, promise.windows)
    fill_money(message.fee, promise.fee_micros, currency_code)
    message.co2_grams = promise.co2_grams
    message.confidence_bp = promise.confidence_bp


def _fill_unpromised(message: pb.Unpromised, unpromised: Unpromised) -> None:
    message.method = METHODS.to_proto[unpromised.method]
    message.service_id = unpromised.service_id
    message.reason = unpromised.reason
    message.line_ids.extend(unpromised.line_ids)
    message.store_id = unpromised.store_id
    message.remedy.remove_line_ids.extend(unpromised.remedy.remove_line_ids)
    if unpromised.remedy.wait_until is not None:
        fill_day(message.remedy.wait_until, unpromised.remedy.wait_until)


def _fill_hold(message: pb.Hold, hold: Hold, currency_code: str, *, explain: bool) -> None:
    message.name = f"holds/{hold.hold_id}"
    message.service_id = hold.service_id
    fill_instant(message.expires_at, hold.expires_at)
    fill_decision(message.decision, hold.decision, currency_code, explain=explain)
    message.store_id = hold.store_id
    message.option = hold.option


def parse_allocate(request: pb.AllocateRequest, now: datetime) -> Allocate:
    """The command in a request; raises FIELD_INVALID with every fault."""
    check = Check()
    command = Allocate(
        key=request_key(check, "Allocate", request, request.request_id),
        order=parse_order(check.required("order", request), request.order, now),
        hold_id=check.resource("hold", request.hold, "holds", required=False),
        reallocate_if_expired=request.reallocate_if_expired,
        validate_only=request.validate_only,
        promise_token=check.text(
            "promise_token", request.promise_token, required=False, bytes_max=PROMISE_TOKEN_BYTES_MAX
        ),
    )
    check.finish()
    return command


def parse_get_allocation(request: pb.GetAllocationRequest) -> tuple[str, bool]:
    """The allocation's id, and whether everything is wanted."""
    check = Check()
    allocation_id = check.resource("name", request.name, "allocations")
    if request.view not in pb.AllocationView.values():
        check.fault("view", f"{request.view} is not a known value")
    check.finish()
    return allocation_id, request.view == pb.ALLOCATION_VIEW_FULL


def format_allocation(allocation: Allocation, *, explain: bool) -> pb.Allocation:
    """The resource; the nodes that were left out only when `explain`."""
    message = pb.Allocation(order_id=allocation.order_id, reallocated=allocation.reallocated)
    if allocation.allocation_id:
        message.name = f"allocations/{allocation.allocation_id}"
    if allocation.hold_id:
        message.hold = f"holds/{allocation.hold_id}"
    fill_instant(message.created_at, allocation.created_at)
    fill_decision(message.decision, allocation.decision, allocation.currency_code, explain=explain)
    for line in allocation.lines:
        message.lines.add(
            line_no=line.line_no,
            line_id=line.line_id,
            node_id=line.node_id,
            sku=line.sku,
            quantity=line.quantity,
            state=STATES.to_proto[line.state],
            supply_id=line.supply_id,
        )
    if allocation.kept is not None:
        fill_kept(message.kept, allocation.kept, allocation.currency_code)
    for wanted in allocation.to_order:
        entry = message.to_order.add(
            supply_id=wanted.supply_id, node_id=wanted.node_id, sku=wanted.sku, quantity=wanted.quantity
        )
        fill_day(entry.expected_on, wanted.expected_on)
    return message


def fill_kept(message: pb.Kept, kept: Kept, currency_code: str) -> None:
    """Write the promise that a reservation stands for."""
    message.method = METHODS.to_proto[kept.method]
    fill_day(message.earliest, kept.earliest)
    fill_day(message.latest, kept.latest)
    message.time_zone = kept.time_zone
    fill_money(message.fee, kept.fee_micros, currency_code)
    message.late_days = kept.late_days
    message.store_id = kept.store_id
    message.rule_set_revision = kept.rule_set_revision


def parse_ship_allocation(request: pb.ShipAllocationRequest) -> SettleAllocation:
    """The command in a request; raises FIELD_INVALID with every fault."""
    return _parse_settle("ShipAllocation", request)


def parse_cancel_allocation(request: pb.CancelAllocationRequest) -> SettleAllocation:
    """The command in a request; raises FIELD_INVALID with every fault."""
    return _parse_settle("CancelAllocation", request)


def _parse_settle(method: str, request: pb.ShipAllocationRequest | pb.CancelAllocationRequest) -> SettleAllocation:
    check = Check()
    command = SettleAllocation(
        key=request_key(check, method, request, request.request_id),
        allocation_id=check.resource("name", request.name, "allocations"),
        lines=_parse_line_quantities(check, request.lines),
    )
    check.finish()
    return command


def _parse_line_quantities(check: Check, messages: Sequence[pb.LineQuantity]) -> tuple[LineQuantity, ...]:
    check.count("lines", messages, 0, LINES_PER_SETTLEMENT_MAX)
    lines = []
    for index, message in enumerate(messages):
        at = check.item("lines", index)
        line_no = at.whole("line_no", message.line_no, 1, LINE_NO_MAX)
        quantity = at.whole("quantity", message.quantity, 1, QUANTITY_PER_LINE_MAX)
        lines.append(LineQuantity(line_no=line_no, quantity=quantity))
    check.unique(((f"lines[{index}].line_no", line.line_no) for index, line in enumerate(messages)), "is named twice")
    return tuple(lines)


def parse_release_hold(request: pb.ReleaseHoldRequest) -> ReleaseHold:
    """The command in a request; raises FIELD_INVALID with every fault."""
    check = Check()
    command = ReleaseHold(
        key=request_key(check, "ReleaseHold", request, request.request_id),
        hold_id=check.resource("name", request.name, "holds"),
    )
    check.finish()
    return command
