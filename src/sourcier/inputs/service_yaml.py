"""The carrier services of a network file."""

from collections.abc import Callable
from itertools import pairwise

from sourcier.domain.limits import (
    CO2_G_PER_SHIPMENT_MAX,
    CO2_MG_PER_KG_KM_MAX,
    COLLECT_MINUTES_MAX,
    COURIER_MINUTES_MAX,
    NODES_MAX,
    SERVICES_MAX,
    TRANSIT_BANDS_MAX,
    TRANSIT_DAYS_MAX,
    TRANSIT_SHARES_MAX,
    UNIT_WEIGHT_GRAMS_MAX,
    WEIGHT_TIERS_MAX,
    ZONE_TRANSITS_MAX,
)
from sourcier.domain.network import Method, Service, TransitBand, TransitShare, WeightTier, ZoneTransit
from sourcier.inputs import values
from sourcier.inputs.fields import Fields, read_scalar
from sourcier.inputs.hours import EVERY_DAY, closed_dates, weekdays, weekly_hours
from sourcier.inputs.network_keys import NETWORK_KEYS
from sourcier.inputs.spots import Spots

_kilograms_in_grams = values.scaled(3, 1, UNIT_WEIGHT_GRAMS_MAX, "a weight in kg")
_percent_bp = values.scaled(2, 0, 10_000, "a percentage")
_days = values.whole(0, TRANSIT_DAYS_MAX)


def read_services(top: Fields, spots: Spots) -> tuple[Service, ...]:
    """The services under ``services``."""
    seen: dict[str, int] = {}
    entries = top.sections("services", NETWORK_KEYS["services[]"], SERVICES_MAX, required=True)
    return tuple(_service(entry, seen, spots, f"services[{i}]") for i, entry in enumerate(entries))


def _service(entry: Fields, seen: dict[str, int], spots: Spots, path: str) -> Service:
    spots.entry(path, entry)
    tariff = entry.section("tariff", NETWORK_KEYS["services[].tariff"], required=True)
    carbon = entry.section("carbon", NETWORK_KEYS["services[].carbon"])
    method = entry.value("method", values.word_of(Method), Method.HOME_DELIVERY)
    here = method is Method.CLICK_AND_COLLECT
    delivery_days = weekdays(entry, "delivery_days", required=not here)
    return Service(
        service_id=entry.unique("service", values.name, seen),
        method=method,
        transit=_transit(entry, spots, path),
        zone_transit=_zone_transit(entry, spots, path),
        delivery_days=EVERY_DAY if here and "delivery_days" not in entry else delivery_days,
        holidays=entry.value("holidays", values.name, ""),
        closed_dates=closed_dates(entry),
        windows=weekly_hours(entry, "windows", spots, f"{path}.windows"),
        courier_minutes=entry.value("courier_minutes", values.whole(0, COURIER_MINUTES_MAX), 0),
        collect_minutes=entry.value("collect_minutes", values.whole(0, COLLECT_MINUTES_MAX), 0),
        per_shipment_micros=tariff.value("per_shipment", values.money, 0),
        per_shipment_km_micros=tariff.value("per_shipment_km", values.money, 0),
        per_unit_micros=tariff.value("per_unit", values.money, 0),
        per_unit_km_micros=tariff.value("per_unit_km", values.money, 0),
        per_kg_micros=tariff.value("per_kg", values.money, 0),
        weight_tiers=_weight_tiers(tariff),
        co2_g_per_shipment=carbon.value("grams_per_shipment", values.whole(0, CO2_G_PER_SHIPMENT_MAX), 0),
        co2_mg_per_kg_km=carbon.value("grams_per_tonne_km", values.whole(0, CO2_MG_PER_KG_KM_MAX), 0),
    )


def _transit(service: Fields, spots: Spots, path: str) -> tuple[TransitBand, ...]:
    entries = tuple(service.sections("transit", NETWORK_KEYS["services[].transit[]"], TRANSIT_BANDS_MAX))
    limits = _ascending(entries, "max_km", values.metres_from_km)
    bands = []
    for k, (entry, limit) in enumerate(zip(entries, limits, strict=True)):
        business_days, shares = _duration(entry, spots, f"{path}.transit[{k}]")
        bands.append(TransitBand(max_distance_m=limit, business_days=business_days, distribution=shares))
    return tuple(bands)


def _zone_transit(service: Fields, spots: Spots, path: str) -> tuple[ZoneTransit, ...]:
    found: list[ZoneTransit] = []
    for entry in service.sections("zone_transit", NETWORK_KEYS["services[].zone_transit[]"], ZONE_TRANSITS_MAX):
        here = f"{path}.zone_transit[{len(found)}]"
        business_days, shares = _duration(entry, spots, here)
        found.append(
            ZoneTransit(
                zone_id=entry.value("zone", values.name, "", required=True),
                business_days=business_days,
                distribution=shares,
                node_ids=frozenset(entry.values("nodes", values.identifier, NODES_MAX, required="nodes" in entry)),
                delivery_days=(weekdays(entry, "delivery_days") or None) if "delivery_days" in entry else None,
            )
        )
    return tuple(found)


def _duration(entry: Fields, spots: Spots, path: str) -> tuple[int, tuple[TransitShare, ...]]:
    """Business days, or the shares of a distribution with the most days of it."""
    if "distribution" not in entry:
        if "business_days" not in entry:
            entry.missing("business_days", ", or a distribution of them")
        return entry.value("business_days", _days, 0), ()
    if "business_days" in entry:
        entry.fault("must not stand beside a distribution", "business_days")
    shares: list[TransitShare] = []
    for key, node in entry.pairs("distribution", TRANSIT_SHARES_MAX):
        at = entry.at("distribution")
        business_days = read_scalar(key, at, _days, entry.faults)
        share = read_scalar(node, f"{at}.{key.text}", _percent_bp, entry.faults)
        if business_days is not None and share is not None:
            here = f"{path}.distribution[{len(shares)}]"
            spots.value(f"{here}.business_days", key, at, entry.faults)
            spots.value(f"{here}.share_bp", node, f"{at}.{key.text}", entry.faults)
            shares.append(TransitShare(business_days=business_days, share_bp=share))
    return max((share.business_days for share in shares), default=0), tuple(shares)


def _weight_tiers(tariff: Fields) -> tuple[WeightTier, ...]:
    keys = NETWORK_KEYS["services[].tariff.weight_tiers[]"]
    entries = tuple(tariff.sections("weight_tiers", keys, WEIGHT_TIERS_MAX))
    limits = _ascending(entries, "max_kg", _kilograms_in_grams)
    return tuple(
        WeightTier(max_grams=limit, cost_micros=entry.value("cost", values.money, 0, required=True))
        for entry, limit in zip(entries, limits, strict=True)
    )


def _ascending(entries: tuple[Fields, ...], key: str, read: Callable[[str], int]) -> list[int | None]:
    """The upper limits of bands or tiers; each above the one before it, and only the last may be open."""
    limits = [entry.value(key, read, None) for entry in entries]
    for (entry, limit), (after, next_limit) in pairwise(zip(entries, limits, strict=True)):
        if key not in entry and entry.readable:
            entry.fault(f"{key} is missing; only the last entry may be without a limit")
        elif limit is not None and next_limit is not None and next_limit <= limit:
            after.fault("must be above the entry before it", key)
    return limits
