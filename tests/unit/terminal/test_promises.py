"""What a person reads of the options of a cart."""

from datetime import date, timedelta

import pytest
from tests.unit.terminal.test_tables import MONDAY, decision, shown

from sourcier.domain.network import Method
from sourcier.domain.plan import Marking
from sourcier.domain.promise import Choice
from sourcier.rpc.fields import fill_day, fill_instant, fill_money
from sourcier.rpc.translate_common import METHODS
from sourcier.terminal.promises import choice_word, hold_line, marking_word, promise_view, why_not
from sourcier.v1 import common_pb2, sourcing_pb2


def promises() -> sourcing_pb2.PromiseDeliveryResponse:
    response = sourcing_pb2.PromiseDeliveryResponse()
    promise = response.promised.add(
        method=METHODS.to_proto[Method.HOME_DELIVERY],
        service_id="standard",
        time_zone="Europe/Paris",
        decision=decision(),
        confidence_bp=10_000,
    )
    fill_instant(promise.order_by, MONDAY + timedelta(hours=3))
    for day in (promise.earliest, promise.latest):
        fill_day(day, date(2026, 11, 25))
    response.unpromised.add(service_id="express", reason="OUT_OF_STOCK", line_ids=["2", "3"])
    return response


def test_a_promise_shows_its_date_cut_off_and_cost() -> None:
    lines = shown(promise_view(promises(), MONDAY)).splitlines()
    standard = next(line for line in lines if line.lstrip().startswith("standard"))
    for words in ("Wed 25 Nov", "Mon 23 Nov", "3 h 0 min", "near", "19.69", "OPTIMAL"):
        assert words in standard
    below = lines[lines.index(standard) + 1]
    assert below.split() == ["12:00"]


def test_a_service_that_cannot_says_why() -> None:
    assert "express is not possible: OUT_OF_STOCK (lines 2, 3)\n" in shown(promise_view(promises(), MONDAY))


def test_a_hold_is_told_only_when_there_is_one() -> None:
    response = promises()
    assert hold_line(response) == []
    response.hold.name, response.hold.service_id = "holds/h1", "standard"
    fill_instant(response.hold.expires_at, MONDAY + timedelta(minutes=15))
    assert str(hold_line(response)[0]) == (
        "standard is reserved until 08:15:00 UTC by the server's clock, as holds/h1."
    )


def test_columns_that_say_nothing_are_left_out() -> None:
    told = shown(promise_view(promises(), MONDAY))
    for heading in ("CO₂", "in time", "best at"):
        assert heading not in told


def test_an_option_shows_all_that_a_checkout_shows() -> None:
    response = promises()
    (option,) = response.promised
    option.choices.extend([sourcing_pb2.CHOICE_CHEAPEST, sourcing_pb2.CHOICE_FEWEST_SHIPMENTS])
    other = response.promised.add(service_id="other", time_zone="Europe/Paris", decision=decision())
    other.choices.append(sourcing_pb2.CHOICE_EARLIEST)
    for day in (other.earliest, other.latest):
        fill_day(day, date(2026, 11, 25))
    option.store_id, option.co2_grams, option.confidence_bp = "store", 1_250, 9_250
    fill_money(option.fee, 3_900_000, "EUR")
    fill_day(option.latest, date(2026, 11, 26))
    fill_instant(option.ready_at, MONDAY + timedelta(days=3))
    option.decision.plan.shipments[0].lines[0].marking = common_pb2.MARKING_PREORDER
    told = " ".join(shown(promise_view(response, MONDAY)).split())
    for words in ("at store", "from 09:00", "3.90", "1.25 kg", "92.5 %", "cheapest,", "fewest", "near", "(preorder"):
        assert words in told


def test_an_option_that_is_best_at_all_that_was_asked_says_so_in_a_word() -> None:
    response = promises()
    response.promised[0].choices.extend([sourcing_pb2.CHOICE_EARLIEST, sourcing_pb2.CHOICE_CHEAPEST])
    assert "all" in shown(promise_view(response, MONDAY))


def test_the_hours_of_delivery_are_shown() -> None:
    response = promises()
    response.promised[0].windows.add(from_minute=480, to_minute=750)
    assert "08:00–12:30" in shown(promise_view(response, MONDAY))


@pytest.mark.parametrize("choice", Choice)
def test_every_choice_has_a_word(choice: Choice) -> None:
    assert choice_word(sourcing_pb2.Choice.Value(f"CHOICE_{choice}")) == choice.lower().replace("_", " ")


@pytest.mark.parametrize("marking", Marking)
def test_every_marking_has_a_word(marking: Marking) -> None:
    assert marking_word(common_pb2.Marking.Value(f"MARKING_{marking}")) == marking.lower()


def test_what_would_help_is_said() -> None:
    unpromised = sourcing_pb2.Unpromised(service_id="express", reason="NO_LANE")
    assert why_not(unpromised) == "express is not possible: NO_LANE"
    unpromised.remedy.remove_line_ids.append("3")
    fill_day(unpromised.remedy.wait_until, date(2026, 12, 24))
    unpromised.store_id = "store"
    assert why_not(unpromised) == (
        "express at store is not possible: NO_LANE; leave out line 3 or wait until Thu 24 Dec"
    )
