"""What product pages ask and are shown."""

from datetime import date
from typing import Any

import pytest
from google.type.latlng_pb2 import LatLng
from tests.rpc import messages
from tests.rpc.spoil import TEXTS_REFUSED, assign, faults_of

from sourcier.domain.availability import (
    Availability,
    AvailabilityQuery,
    EarliestDate,
    NextSupply,
    SkuAvailability,
    StoreStock,
)
from sourcier.domain.network import Method
from sourcier.domain.place import Destination
from sourcier.rpc import translate_availability as availability
from sourcier.v1 import availability_pb2 as pb
from sourcier.v1 import common_pb2

ASKED: list[tuple[Any, Any, int]] = [
    (messages.get_availability, availability.parse_get_availability, 100),
    (messages.watch_availability, availability.parse_watch_availability, 10_000),
]


@pytest.mark.parametrize(("make", "parse", "skus_max"), ASKED)
def test_a_query_is_for_a_destination_or_a_store(make: Any, parse: Any, skus_max: int) -> None:
    request = make()
    assert parse(request) == AvailabilityQuery(
        channel="web", skus=("tea", "cup"), destination=Destination(country_code="DE", postal_code="10115")
    )
    request.ClearField("destination")
    request.store_id, request.nearby_stores = "store", 0
    assert parse(request) == AvailabilityQuery(channel="web", skus=("tea", "cup"), store_id="store", nearby_stores=0)


@pytest.mark.parametrize(("make", "parse", "skus_max"), ASKED)
def test_a_query_has_so_many_skus(make: Any, parse: Any, skus_max: int) -> None:
    request = make()
    request.skus[:] = [str(number) for number in range(skus_max)]
    assert len(parse(request).skus) == skus_max
    request.skus.append("one more")
    assert list(faults_of(lambda: parse(request))) == ["skus"]


SPOILT = [
    *(("channel", value, "channel") for value in TEXTS_REFUSED),
    ("skus", [], "skus"),
    ("skus", ["tea", "tea"], "skus[1]"),
    ("skus", [""], "skus[0]"),
    ("skus", ["x" * 129], "skus[0]"),
    ("destination", None, "destination"),
    ("destination.country_code", "Germany", "destination.country_code"),
    ("destination.postal_code", "", "destination.postal_code"),
    ("destination.point", LatLng(latitude=-91), "destination.point.latitude"),
    ("store_id", "store", "store_id"),  # and a destination
    ("nearby_stores", -1, "nearby_stores"),
    ("nearby_stores", 21, "nearby_stores"),
]


@pytest.mark.parametrize(("make", "parse", "skus_max"), ASKED)
@pytest.mark.parametrize(("path", "value", "field"), SPOILT)
def test_spoilt_queries_are_refused_for_the_field(
    make: Any, parse: Any, skus_max: int, path: str, value: object, field: str
) -> None:
    request = make()
    assign(path, value)(request)
    assert list(faults_of(lambda: parse(request))) == [field]


@pytest.mark.parametrize("value", ["x" * 129, "a\0"])
def test_the_name_of_a_store_is_checked(value: str) -> None:
    request = messages.get_availability()
    request.ClearField("destination")
    request.store_id = value
    assert list(faults_of(lambda: availability.parse_get_availability(request))) == ["store_id"]


TEA = SkuAvailability(
    sku="tea",
    units=12,
    band="plenty",
    earliest=(EarliestDate(method=Method.EXPRESS, service_id="express", on=date(2026, 11, 24)),),
    stores=(StoreStock(store_id="store", units=3, distance_m=1_200),),
    next_supply=NextSupply(on=date(2026, 11, 30), units=40, preorder=True),
)
CUP = SkuAvailability(sku="cup", units=0, band="", earliest=(), stores=(), next_supply=None)
ANSWER = Availability(
    skus=(TEA, CUP), time_zone="Europe/Berlin", rule_set_revision="ruleSets/main/revisions/1", snapshot_version=7
)


@pytest.mark.parametrize("write", [availability.format_availability, availability.format_change])
def test_what_there_is_is_told_whole(write: Any) -> None:
    message = write(ANSWER)
    assert (message.time_zone, message.snapshot_version) == ("Europe/Berlin", 7)
    assert message.rule_set_revision == "ruleSets/main/revisions/1"
    tea, cup = message.skus
    assert (tea.sku, tea.units, tea.band) == ("tea", 12, "plenty")
    (earliest,) = tea.earliest
    assert (earliest.method, earliest.service_id, earliest.on.day) == (common_pb2.METHOD_EXPRESS, "express", 24)
    assert list(tea.stores) == [pb.StoreStock(store_id="store", units=3, distance_m=1_200)]
    assert (tea.next_supply.on.day, tea.next_supply.units, tea.next_supply.preorder) == (30, 40, True)
    assert (cup.sku, cup.units, len(cup.earliest), cup.HasField("next_supply")) == ("cup", 0, 0, False)
