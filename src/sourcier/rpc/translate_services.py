"""The carrier services in network.proto beside the domain's: transit, tariff, carbon."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

from google.protobuf.message import Message

from sourcier.domain.limits import (
    CLOSED_DATES_MAX,
    CO2_G_PER_SHIPMENT_MAX,
    CO2_MG_PER_KG_KM_MAX,
    COLLECT_MINUTES_MAX,
    COURIER_MINUTES_MAX,
    DISTANCE_M_MAX,
    NODES_MAX,
    TRANSIT_BANDS_MAX,
    TRANSIT_DAYS_MAX,
    TRANSIT_SHARES_MAX,
    UNIT_WEIGHT_GRAMS_MAX,
    WEIGHT_TIERS_MAX,
    ZONE_TRANSITS_MAX,
)
from sourcier.domain.network import Node, Service, TransitBand, TransitShare, WeightTier, ZoneTransit
from sourcier.domain.network_checks import WHOLE_BP
from sourcier.rpc.fields import Check, fill_money
from sourcier.rpc.translate_calendar import fill_days, fill_hours, parse_hours
from sourcier.rpc.translate_common import METHODS
from sourcier.v1 import network_pb2 as pb

TARIFF: Final = ("per_shipment", "per_shipment_km", "per_unit", "per_unit_km", "per_kg")
"""Money fields; the domain's have `_micros` at the end."""

_NUMBERS: Final = {
    "courier_minutes": COURIER_MINUTES_MAX,
    "collect_minutes": COLLECT_MINUTES_MAX,
    "co2_g_per_shipment": CO2_G_PER_SHIPMENT_MAX,
    "co2_mg_per_kg_km": CO2_MG_PER_KG_KM_MAX,
}


def parse_service(check: Check, message: pb.Service, currency_code: str) -> Service:
    """A carrier service."""
    return Service(
        service_id=check.text("service_id", message.service_id),
        method=check.member("method", message.method, METHODS),
        transit=_parse_transit(check, message.transit),
        delivery_days=check.weekdays("delivery_days", message.delivery_days),
        closed_dates=check.days("closed_dates", message.closed_dates, CLOSED_DATES_MAX),
        weight_tiers=_parse_weight_tiers(check, message.weight_tiers, currency_code),
        holidays=check.text("holidays", message.holidays, required=False),
        windows=parse_hours(check, "windows", message.windows),
        zone_transit=tuple(
            _parse_zone_transit(at, entry)
            for at, entry in check.entries("zone_transit", message.zone_transit, 0, ZONE_TRANSITS_MAX)
        ),
        **{name: check.whole(name, getattr(message, name), 0, high) for name, high in _NUMBERS.items()},
        **parse_amounts(check, message, TARIFF, currency_code),
    )


def fill_service(message: pb.Service, service: Service, currency_code: str) -> None:
    """Write a carrier service."""
    message.service_id = service.service_id
    message.method = METHODS.to_proto[service.method]
    for band in service.transit:
        entry = message.transit.add(max_distance_m=band.max_distance_m, business_days=band.business_days)
        _fill_distribution(entry.distribution, band.distribution)
    message.delivery_days.extend(sorted(service.delivery_days))  # type: ignore[arg-type]
    fill_days(message.closed_dates, service.closed_dates)
    fill_amounts(message, service, TARIFF, currency_code)
    for tier in service.weight_tiers:
        fill_money(message.weight_tiers.add(max_grams=tier.max_grams).cost, tier.cost_micros, currency_code)
    message.holidays = service.holidays
    fill_hours(message.windows, service.windows)
    for transit in service.zone_transit:
        _fill_zone_transit(message.zone_transit.add(), transit)
    for name in _NUMBERS:
        setattr(message, name, getattr(service, name))


def _parse_transit(check: Check, messages: Sequence[pb.TransitBand]) -> tuple[TransitBand, ...]:
    entries = list(check.entries("transit", messages, 0, TRANSIT_BANDS_MAX))
    limits = _rising(check, "transit", "max_distance_m", [message for _, message in entries], DISTANCE_M_MAX)
    return tuple(
        TransitBand(
            max_distance_m=limit,
            business_days=at.whole("business_days", message.business_days, 0, TRANSIT_DAYS_MAX),
            distribution=_parse_distribution(at, message.distribution),
        )
        for (at, message), limit in zip(entries, limits, strict=True)
    )


def _parse_zone_transit(check: Check, message: pb.ZoneTransit) -> ZoneTransit:
    days = check.weekdays("delivery_days", message.delivery_days) if message.delivery_days else None
    return ZoneTransit(
        zone_id=check.text("zone_id", message.zone_id),
        business_days=check.whole("business_days", message.business_days, 0, TRANSIT_DAYS_MAX),
        distribution=_parse_distribution(check, message.distribution),
        node_ids=frozenset(check.texts("node_ids", message.node_ids, NODES_MAX)),
        delivery_days=days,
    )


def _fill_zone_transit(message: pb.ZoneTransit, transit: ZoneTransit) -> None:
    message.zone_id = transit.zone_id
    message.business_days = transit.business_days
    _fill_distribution(message.distribution, transit.distribution)
    message.node_ids.extend(sorted(transit.node_ids))
    message.delivery_days.extend(sorted(transit.delivery_days or ()))  # type: ignore[arg-type]


def _parse_distribution(check: Check, messages: Sequence[pb.TransitShare]) -> tuple[TransitShare, ...]:
    return tuple(
        TransitShare(
            business_days=at.whole("business_days", message.business_days, 0, TRANSIT_DAYS_MAX),
            share_bp=at.whole("share_bp", message.share_bp, 1, WHOLE_BP),
        )
        for at, message in check.entries("distribution", messages, 0, TRANSIT_SHARES_MAX)
    )


def _fill_distribution(messages: Sequence[pb.TransitShare], shares: Iterable[TransitShare]) -> None:
    for share in shares:
        messages.add(  # type: ignore[attr-defined]
            business_days=share.business_days, share_bp=share.share_bp
        )


def _parse_weight_tiers(check: Check, messages: Sequence[pb.WeightTier], currency_code: str) -> tuple[WeightTier, ...]:
    entries = list(check.entries("weight_tiers", messages, 0, WEIGHT_TIERS_MAX))
    limits = _rising(check, "weight_tiers", "max_grams", [message for _, message in entries], UNIT_WEIGHT_GRAMS_MAX)
    return tuple(
        WeightTier(max_grams=limit, cost_micros=at.money("cost", message, currency_code))
        for (at, message), limit in zip(entries, limits, strict=True)
    )


def _rising(check: Check, name: str, limit: str, messages: Sequence[Message], high: int) -> list[int | None]:
    """The upper limits of bands or tiers: each above the one before it, and only the last may be open."""
    limits: list[int | None] = [
        check.item(name, index).whole(limit, getattr(message, limit), 1, high) if message.HasField(limit) else None
        for index, message in enumerate(messages)
    ]
    for index, (before, after) in enumerate(pairwise(limits)):
        if before is None:
            check.fault(f"{name}[{index}].{limit}", "is required; only the last may be without")
        elif after is not None and after <= before:
            check.fault(f"{name}[{index + 1}].{limit}", f"must be more than the {before} before it")
    return limits


def parse_amounts(check: Check, message: Message, names: tuple[str, ...], currency_code: str) -> dict[str, Any]:
    """Micros of the Money fields `names`, by the domain's names."""
    return {f"{name}_micros": check.money(name, message, currency_code) for name in names}


def fill_amounts(message: Message, value: Node | Service, names: tuple[str, ...], currency_code: str) -> None:
    """Write the Money fields `names` that are not 0."""
    for name in names:
        if micros := getattr(value, f"{name}_micros"):
            fill_money(getattr(message, name), micros, currency_code)
