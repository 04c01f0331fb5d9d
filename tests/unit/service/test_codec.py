"""Answers and refusals survive the way into the request log and back unchanged."""

from datetime import UTC, date, datetime

import pytest

from sourcier.domain.errors import Kind, Reason, Refusal, Violation
from sourcier.domain.network import Method
from sourcier.domain.order import Cart, Line
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.plan import (
    Costs,
    Decision,
    NodeOutcome,
    NodeReason,
    Plan,
    Proof,
    Shipment,
    ShipmentLine,
    Status,
)
from sourcier.domain.promise import Promise, Promises, Unpromised
from sourcier.domain.stock import BatchAnswer, RecordResult, Verdict
from sourcier.service import codec
from sourcier.service.reservations import Document

AT = datetime(2026, 11, 21, 9, 30, 15, 123_456, tzinfo=UTC)


def decision(num_left_out: int) -> Decision:
    shipment = Shipment(
        node_id="store-7",
        service_id="ground",
        ship_day=date(2026, 11, 23),
        deliver_on=date(2026, 11, 26),
        order_by=AT,
        ship_by=AT,
        distance_m=61_234,
        weight_grams=900,
        lines=(ShipmentLine(line_id="1", sku="mug ☕", quantity=3),),
        shipping_micros=7_300_000,
        handling_micros=10**12,
        late_micros=0,
    )
    return Decision(
        status=Status.FEASIBLE,
        plan=Plan(
            shipments=(shipment,),
            unfilled=(ShipmentLine(line_id="2", sku="pan", quantity=1),),
            costs=Costs(shipping=7_300_000, handling=10**12, unfilled=5),
        ),
        objective_micros=10**12 + 7_300_005,
        bound_micros=10**12,
        proof=Proof.MIP,
        left_out=tuple(
            NodeOutcome(node_id=f"n{i}", reason=NodeReason.NOT_CHOSEN, extra_cost_micros=i or None)
            for i in range(num_left_out)
        ),
        rule_set_revision="ruleSets/main/revisions/4",
        snapshot_version=2**53 + 1,
    )


@pytest.mark.parametrize("num_left_out", [0, 2_000], ids=["short", "deflated"])
def test_a_document_survives(num_left_out: int) -> None:
    document = Document(
        cart=Cart(
            channel="web",
            destination=Destination(country_code="DE", point=GeoPoint(lat_e6=-1, lon_e6=179_999_999)),
            lines=(Line(line_id="1", sku="mug ☕", quantity=3, unit_price_micros=4_990_000),),
            currency_code="EUR",
            placed_at=AT,
            services=("ground", "air"),
            deliver_by=date(2026, 12, 24),
        ),
        decision=decision(num_left_out),
        service_id="ground",
        reallocated=True,
    )
    data = codec.dump(document)
    assert codec.load(Document, data) == document
    assert codec.dump(codec.load(Document, data)) == data
    assert len(data) < 20_000


def test_promises_survive() -> None:
    promises = Promises(
        promised=(
            Promise(
                method=Method.HOME_DELIVERY,
                service_id="ground",
                order_by=AT,
                ship_by=AT,
                earliest=date(2026, 11, 26),
                latest=date(2026, 11, 27),
                time_zone="Europe/Berlin",
                decision=decision(1),
            ),
        ),
        unpromised=(Unpromised(method=Method.HOME_DELIVERY, service_id="air", reason="NO_STOCK", line_ids=("1",)),),
        rule_set_revision="ruleSets/main/revisions/4",
        snapshot_version=7,
    )
    assert codec.load(Promises, codec.dump(promises)) == promises


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_survives(verdict: Verdict) -> None:
    answer = BatchAnswer(results=(RecordResult(index=3, verdict=verdict, reason="so", expected_seq=9),))
    assert codec.load(BatchAnswer, codec.dump(answer)) == answer


def test_nothing_survives() -> None:
    assert codec.load(type(None), codec.dump(None)) is None


@pytest.mark.parametrize("length", [1, 5_000], ids=["short", "deflated"])
def test_a_refusal_is_raised_again_whatever_was_asked_for(length: int) -> None:
    refusal = Refusal(
        kind=Kind.FAILED_PRECONDITION,
        reason=Reason.OUT_OF_STOCK,
        message="m" * length,
        metadata={"skus": "a,b"},
        violations=(Violation(field="f", description="d"),),
    )
    data = codec.dump_refusal(refusal)
    for ask in (lambda: codec.load(Document, data), lambda: codec.split(data)):
        with pytest.raises(Refusal) as caught:
            ask()
        assert caught.value.kind is refusal.kind
        assert caught.value.reason is refusal.reason
        assert caught.value.message == refusal.message
        assert caught.value.metadata == refusal.metadata
        assert caught.value.violations == refusal.violations


@pytest.mark.parametrize("head", [b"", b"x", b"y" * 70_000], ids=len)
@pytest.mark.parametrize("tail", [b"", b"z" * 70_000], ids=len)
def test_joined_parts_come_apart_again(head: bytes, tail: bytes) -> None:
    assert codec.split(codec.join(head, tail)) == (head, tail)


def test_fields_added_later_do_not_break_old_readers() -> None:
    newer = codec.dump({"results": [], "added_later": {"a": 1}})
    assert codec.load(BatchAnswer, newer) == BatchAnswer(results=())
