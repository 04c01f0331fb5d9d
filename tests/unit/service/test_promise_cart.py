"""Which promise is held."""

from datetime import date

import pytest
from tests.service.shop import MONDAY

from sourcier.domain.network import Method
from sourcier.domain.plan import Costs, Decision, Plan, Proof, Status
from sourcier.domain.promise import Promise, Promises
from sourcier.service.promise_cart import choose


def promise(service_id: str, cost: int, day: int) -> Promise:
    decision = Decision(
        status=Status.OPTIMAL,
        plan=Plan(shipments=(), unfilled=(), costs=Costs(shipping=cost)),
        objective_micros=cost,
        bound_micros=cost,
        proof=Proof.CERTIFICATE,
        left_out=(),
        rule_set_revision="ruleSets/main/revisions/1",
        snapshot_version=1,
    )
    return Promise(
        method=Method.HOME_DELIVERY,
        service_id=service_id,
        order_by=MONDAY,
        ship_by=MONDAY,
        earliest=date(2026, 11, day),
        latest=date(2026, 11, day),
        time_zone="Europe/Berlin",
        decision=decision,
    )


def promises(*promised: Promise) -> Promises:
    return Promises(promised=promised, unpromised=(), rule_set_revision="r", snapshot_version=1)


def test_the_cheapest_is_held_unless_another_is_named() -> None:
    found = promises(promise("express", 900, 24), promise("ground", 400, 26))
    assert choose(found, "") == found.promised[1]
    assert choose(found, "express") == found.promised[0]


def test_of_two_that_cost_the_same_the_earlier_is_held() -> None:
    found = promises(promise("slow", 400, 26), promise("fast", 400, 24))
    assert choose(found, "") == found.promised[1]


@pytest.mark.parametrize("service_id", ["", "express"])
def test_what_is_not_promised_cannot_be_held(service_id: str) -> None:
    found = promises(promise("ground", 400, 26)) if service_id else promises()
    assert choose(found, service_id) is None
