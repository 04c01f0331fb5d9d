"""The part of a rule set that is about promises: dates, fees, consolidation, and words for product pages."""

from collections.abc import Mapping
from typing import Final

from sourcier.domain.limits import (
    PROMISE_TOKEN_MINUTES_MAX,
    RULE_ENTRIES_MAX,
    STOCK_QUANTITY_MAX,
    STORES_PER_REQUEST_MAX,
    ZONES_MAX,
)
from sourcier.domain.network import Method
from sourcier.domain.rules import AvailabilityBand, BrokenPromise, Consolidation, Fee, Promising
from sourcier.inputs.fields import Fields, read_scalar
from sourcier.inputs.values import identifier, metres_from_km, money, name, scaled, whole, word_of

PROMISING_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "promising": ("percent_on_time", "nearest_stores", "store_radius_km", "token_minutes", "broken"),
    "fees[]": ("fee", "methods", "zones", "min_value"),
    "consolidation[]": ("hub", "methods"),
    "bands[]": ("min_units", "label"),
}
"""Sections of `rules_yaml.RULE_SET_KEYS` that are read here."""

_quantile_bp = scaled(2, 1, 10_000, "a percentage")
_method = word_of(Method)
_travelling = word_of(Method, exclude=[Method.CLICK_AND_COLLECT])


def read_promising(top: Fields) -> Promising:
    """The section ``promising``."""
    entry = top.section("promising", PROMISING_KEYS["promising"])
    standard = Promising()
    return Promising(
        quantile_bp=entry.value("percent_on_time", _quantile_bp, standard.quantile_bp),
        nearest_stores=entry.value("nearest_stores", whole(0, STORES_PER_REQUEST_MAX), standard.nearest_stores),
        store_radius_m=entry.value("store_radius_km", metres_from_km, standard.store_radius_m),
        token_minutes=entry.value("token_minutes", whole(1, PROMISE_TOKEN_MINUTES_MAX), standard.token_minutes),
        broken=entry.value("broken", word_of(BrokenPromise), standard.broken),
    )


def read_fees(top: Fields) -> tuple[Fee, ...]:
    """The entries of ``fees``; one that can never be the first to fit is a fault."""
    fees: list[tuple[Fee, int]] = []
    for entry in top.sections("fees", PROMISING_KEYS["fees[]"], RULE_ENTRIES_MAX):
        before = len(top.faults)
        fee = Fee(
            fee_micros=entry.value("fee", money, 0, required=True),
            methods=frozenset(entry.values("methods", _method, len(Method), required="methods" in entry)),
            zone_ids=frozenset(entry.values("zones", name, ZONES_MAX, required="zones" in entry)),
            min_value_micros=entry.value("min_value", money, 0),
        )
        line = next((line for other, line in fees if _covers(other, fee)), None)
        if line is not None and len(top.faults) == before:
            entry.fault(f"never counts: the entry on line {line} fits every cart that this one fits")
        elif len(top.faults) == before:
            fees.append((fee, entry.mapping.line))
    return tuple(fee for fee, _ in fees)


def _covers(first: Fee, second: Fee) -> bool:
    """Whether `first` fits every cart that `second` fits; an empty set stands for all."""
    return (
        (not first.methods or (bool(second.methods) and second.methods <= first.methods))
        and (not first.zone_ids or (bool(second.zone_ids) and second.zone_ids <= first.zone_ids))
        and first.min_value_micros <= second.min_value_micros
    )


def read_consolidation(top: Fields) -> tuple[Consolidation, ...]:
    """The entries of ``consolidation``; a method has one hub."""
    seen: dict[Method, int] = {}
    found: list[Consolidation] = []
    for entry in top.sections("consolidation", PROMISING_KEYS["consolidation[]"], RULE_ENTRIES_MAX):
        methods: set[Method] = set()
        for node, path in entry.nodes("methods", len(Method), required=True):
            method = read_scalar(node, path, _travelling, entry.faults)
            if method is not None and method in seen:
                told = f"{method.lower()} has a hub already; the first is on line {seen[method]}"
                entry.faults.add(node.line, node.column, told, path)
            elif method is not None:
                seen[method] = node.line
                methods.add(method)
        found.append(
            Consolidation(hub_id=entry.value("hub", identifier, "", required=True), methods=frozenset(methods))
        )
    return tuple(found)


def read_bands(top: Fields) -> tuple[AvailabilityBand, ...]:
    """The entries of ``bands``; their units rise."""
    bands: list[AvailabilityBand] = []
    for entry in top.sections("bands", PROMISING_KEYS["bands[]"], RULE_ENTRIES_MAX):
        before = len(top.faults)
        band = AvailabilityBand(
            min_units=entry.value("min_units", whole(0, STOCK_QUANTITY_MAX), 0, required=True),
            label=entry.value("label", name, "", required=True),
        )
        if bands and len(top.faults) == before and band.min_units <= bands[-1].min_units:
            entry.fault("must be above the entry before it", "min_units")
        bands.append(band)
    return tuple(bands)
