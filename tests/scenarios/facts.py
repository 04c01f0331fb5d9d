"""Answers in a story's words, so that they can be laid beside what the story expects."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.scenarios.story import Story, micros

from sourcier.domain.availability import SkuAvailability
from sourcier.domain.plan import Plan, Shipment
from sourcier.domain.promise import Kept, Promise, Unpromised

INSTANTS = {"order_by", "ship_by", "ready"}
MONEY = {"fee", "cost", "shipping"}


def of_option(promise: Promise) -> dict[str, Any]:
    """An option."""
    return {
        "method": promise.method.lower(),
        "service": promise.service_id,
        "store": promise.store_id,
        "order_by": promise.order_by,
        "ship_by": promise.ship_by,
        "ready": promise.ready_at,
        "earliest": promise.earliest,
        "latest": promise.latest,
        "time_zone": promise.time_zone,
        "windows": [_window(window) for window in promise.windows],
        "choices": sorted(choice.lower() for choice in promise.choices),
        "fee": promise.fee_micros,
        "co2_grams": promise.co2_grams,
        "confidence": promise.confidence_bp / 100,
        "cost": promise.decision.objective_micros,
        "shipments": of_plan(promise.decision.plan),
    }


def of_refused(unpromised: Unpromised) -> dict[str, Any]:
    """A service that cannot bring the cart."""
    return {
        "method": unpromised.method.lower(),
        "service": unpromised.service_id,
        "store": unpromised.store_id,
        "reason": unpromised.reason,
        "lines": list(unpromised.line_ids),
        "remove": list(unpromised.remedy.remove_line_ids),
        "wait_until": unpromised.remedy.wait_until,
    }


def of_plan(plan: Plan) -> list[dict[str, Any]]:
    """Its shipments, the one parcel from a hub last."""
    return [_of_shipment(s) for s in (*plan.shipments, *((plan.onward,) if plan.onward else ()))]


def _of_shipment(shipment: Shipment) -> dict[str, Any]:
    return {
        "from": shipment.node_id,
        "to": shipment.to_node_id,
        "service": shipment.service_id,
        "ships": shipment.ship_day,
        "earliest": shipment.deliver_from or shipment.deliver_on,
        "arrives": shipment.deliver_on,
        "order_by": shipment.order_by,
        "ship_by": shipment.ship_by,
        "ready": shipment.ready_at,
        "lines": {line.line_id: line.quantity for line in shipment.lines},
        "marking": {line.line_id: line.marking.lower() for line in shipment.lines},
        "pegs": {line.line_id: {p.supply_id: p.quantity for p in line.pegs} for line in shipment.lines if line.pegs},
        "shift": list(shipment.shift) if shipment.shift else [],
        "round": None if shipment.round_minute is None else _minute(shipment.round_minute),
        "shipping": shipment.shipping_micros,
        "confidence": shipment.confidence_bp / 100,
    }


def of_kept(kept: Kept | None) -> dict[str, Any] | None:
    """The promise that an allocation stands for."""
    return kept and {
        "method": kept.method.lower(),
        "store": kept.store_id,
        "earliest": kept.earliest,
        "latest": kept.latest,
        "fee": kept.fee_micros,
        "late_days": kept.late_days,
        "rule_set_revision": kept.rule_set_revision,
    }


def of_sku(entry: SkuAvailability) -> dict[str, Any]:
    """What a product page shows."""
    supply = entry.next_supply
    return {
        "units": entry.units,
        "band": entry.band,
        "earliest": {e.service_id: e.on for e in entry.earliest},
        "stores": {s.store_id: s.units for s in entry.stores},
        "next_supply": supply and {"on": supply.on, "units": supply.units, "preorder": supply.preorder},
    }


def differences(expected: Any, found: Any, story: Story, path: str = "") -> list[str]:
    """Where `found` is not what the story expects; of mappings only the keys that it names are looked at."""
    key = path.rpartition(".")[2]
    match expected, found:
        case Mapping(), Mapping():
            return [
                fault
                for name, value in expected.items()
                for fault in (
                    differences(value, found[name], story, f"{path}.{name}")
                    if name in found
                    else [f"{path}: has no {name}, only {', '.join(map(str, found))}"]
                )
            ]
        case list(), list() if expected and isinstance(expected[0], Mapping):
            if len(expected) != len(found):
                return [f"{path}: {len(expected)} expected, not {len(found)}: {_shown(found, story)}"]
            pairs = enumerate(zip(expected, found, strict=True))
            return [fault for i, (e, f) in pairs for fault in differences(e, f, story, f"{path}[{i}]")]
    wanted = expected
    if expected is not None and key in INSTANTS:
        wanted = story.instant(expected)
    elif key in MONEY:
        wanted = micros(expected)
    return [] if wanted == found else [f"{path}: {_shown(wanted, story)} expected, not {_shown(found, story)}"]


def _shown(value: Any, story: Story) -> str:
    match value:
        case datetime():
            return f"{value.astimezone(ZoneInfo(story.network.time_zone)):%a %Y-%m-%d %H:%M:%S %z}"
        case date():
            return f"{value:%a %Y-%m-%d}"
        case Mapping():
            return "{" + ", ".join(f"{key}: {_shown(entry, story)}" for key, entry in value.items()) + "}"
        case list():
            return "[" + ", ".join(_shown(entry, story) for entry in value) + "]"
    return str(value)


def utc(moment: datetime) -> datetime:
    """The instant without a zone of its own."""
    return moment.astimezone(UTC)


def _window(window: tuple[int, int]) -> str:
    return "-".join(map(_minute, window))


def _minute(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def to_order(entries: Iterable[tuple[str, str, str, int, date]]) -> list[dict[str, Any]]:
    """What somebody must order: (supply, node, SKU, units, expected day)."""
    return [
        {"supply": supply, "node": node, "sku": sku, "units": units, "expected_on": day}
        for supply, node, sku, units, day in sorted(entries)
    ]
