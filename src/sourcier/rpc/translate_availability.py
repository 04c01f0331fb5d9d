"""availability.proto beside the domain's: what product pages ask and are shown."""

from sourcier.domain.availability import Availability, AvailabilityQuery, SkuAvailability
from sourcier.domain.limits import AVAILABILITY_SKUS_MAX, NEARBY_STORES_DEFAULT, NEARBY_STORES_MAX, WATCH_SKUS_MAX
from sourcier.rpc.fields import Check, fill_day
from sourcier.rpc.translate_common import METHODS, parse_destination
from sourcier.v1 import availability_pb2 as pb


def parse_get_availability(request: pb.GetAvailabilityRequest) -> AvailabilityQuery:
    """The query in a request; raises FIELD_INVALID with every fault."""
    return _parse_query(request, AVAILABILITY_SKUS_MAX)


def parse_watch_availability(request: pb.WatchAvailabilityRequest) -> AvailabilityQuery:
    """The query in a request; raises FIELD_INVALID with every fault."""
    return _parse_query(request, WATCH_SKUS_MAX)


def _parse_query(request: pb.GetAvailabilityRequest | pb.WatchAvailabilityRequest, skus_max: int) -> AvailabilityQuery:
    check = Check()
    skus = check.texts("skus", request.skus, skus_max)
    if not skus:
        check.fault("skus", "is required")
    destination = None
    if request.HasField("destination"):
        destination = parse_destination(check.inside("destination"), request.destination)
    if destination is None and not request.store_id:
        check.fault("destination", "is required unless there is a store_id")
    elif destination is not None and request.store_id:
        check.fault("store_id", "must be empty where there is a destination")
    nearby_stores = request.nearby_stores if request.HasField("nearby_stores") else NEARBY_STORES_DEFAULT
    query = AvailabilityQuery(
        channel=check.text("channel", request.channel),
        skus=skus,
        destination=destination,
        store_id=check.text("store_id", request.store_id, required=False),
        nearby_stores=check.whole("nearby_stores", nearby_stores, 0, NEARBY_STORES_MAX),
    )
    check.finish()
    return query


def format_availability(answer: Availability) -> pb.GetAvailabilityResponse:
    """The response to a product page."""
    response = pb.GetAvailabilityResponse()
    _fill_answer(response, answer)
    return response


def format_change(answer: Availability) -> pb.WatchAvailabilityResponse:
    """What has changed for one that follows."""
    response = pb.WatchAvailabilityResponse()
    _fill_answer(response, answer)
    return response


def _fill_answer(response: pb.GetAvailabilityResponse | pb.WatchAvailabilityResponse, answer: Availability) -> None:
    for sku in answer.skus:
        _fill_sku(response.skus.add(), sku)
    response.time_zone = answer.time_zone
    response.rule_set_revision = answer.rule_set_revision
    response.snapshot_version = answer.snapshot_version


def _fill_sku(message: pb.SkuAvailability, sku: SkuAvailability) -> None:
    message.sku = sku.sku
    message.units = sku.units
    message.band = sku.band
    for earliest in sku.earliest:
        entry = message.earliest.add(method=METHODS.to_proto[earliest.method], service_id=earliest.service_id)
        fill_day(entry.on, earliest.on)
    for store in sku.stores:
        message.stores.add(store_id=store.store_id, units=store.units, distance_m=store.distance_m)
    if sku.next_supply is not None:
        fill_day(message.next_supply.on, sku.next_supply.on)
        message.next_supply.units = sku.next_supply.units
        message.next_supply.preorder = sku.next_supply.preorder
