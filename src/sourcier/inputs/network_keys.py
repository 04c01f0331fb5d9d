"""Every key of a network file by its section, and hints for words that stand elsewhere or belong to other systems.

`docs/reference/network.md` explains the keys, and a test compares the two.
"""

from collections.abc import Mapping
from typing import Final

from sourcier.domain.network import NodeType

_WORK: Final = (
    "time_zone",
    "working_days",
    "cut_off",
    "picking_hours",
    "opening_hours",
    "holidays",
    "closed_dates",
    "exceptions",
    "processing_minutes",
    "processing_seconds_per_unit",
    "backlog_minutes",
    "services",
    "rounds",
    "shifts",
    "capacity",
    "handling",
    "status",
)
NETWORK_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": (
        "currency",
        "time_zone",
        "zones",
        "services",
        "node_defaults",
        "nodes",
        "transfer_lanes",
        "postal_areas",
    ),
    "zones[]": ("zone", "country", "ranges"),
    "services[]": (
        "service",
        "method",
        "transit",
        "zone_transit",
        "delivery_days",
        "holidays",
        "closed_dates",
        "windows",
        "courier_minutes",
        "collect_minutes",
        "tariff",
        "carbon",
    ),
    "services[].transit[]": ("max_km", "business_days", "distribution"),
    "services[].zone_transit[]": ("zone", "nodes", "business_days", "distribution", "delivery_days"),
    "services[].windows[]": ("days", "hours"),
    "services[].tariff": (
        "per_shipment",
        "per_shipment_km",
        "per_unit",
        "per_unit_km",
        "per_kg",
        "weight_tiers",
    ),
    "services[].tariff.weight_tiers[]": ("max_kg", "cost"),
    "services[].carbon": ("grams_per_shipment", "grams_per_tonne_km"),
    "node_defaults": tuple(node_type.value.lower() for node_type in NodeType),
    "node_defaults.*": _WORK,
    "nodes[]": ("node", "node_type", "lat", "lon", *_WORK),
    "nodes[].picking_hours[]": ("days", "hours"),
    "nodes[].opening_hours[]": ("days", "hours"),
    "nodes[].exceptions[]": ("date", "closed", "picking", "opening"),
    "nodes[].rounds[]": ("service", "days", "pickup", "cut_off", "every_minutes", "last_pickup", "parcels"),
    "nodes[].shifts[]": ("shift", "hours", "measure", "limit"),
    "nodes[].capacity": ("measure", "per_day"),
    "nodes[].handling": ("per_shipment", "per_unit"),
    "transfer_lanes[]": ("from", "to", "service"),
    "postal_areas[]": ("country", "prefix", "lat", "lon", "time_zone"),
}

_OTHER_WORDS: Final = {
    "cutoff": "; did you mean cut_off?",
    "cut_off_time": "; did you mean cut_off?",
    "lead_time": "; use processing_minutes",
    "processing_time": "; use processing_minutes",
    "transit_days": "; use transit, a list of {max_km, business_days}",
    "timezone": "; did you mean time_zone?",
    "latitude": "; did you mean lat?",
    "longitude": "; did you mean lon?",
    "max_orders": "; use capacity: {measure: orders, per_day: ...}",
    "pickup_times": "; use rounds, a list of {service, days, pickup}",
    "business_hours": "; use opening_hours for customers, picking_hours for orders",
    "public_holidays": "; use holidays: FR",
    "percent": "; write a distribution as {days: percent}, such as {1: 70, 2: 30}",
    "co2": "; use carbon: {grams_per_shipment, grams_per_tonne_km}",
}
_ELSEWHERE: Final = {
    key: f"; it belongs under {section.removesuffix('[]').replace('[]', '')}"
    for section in ("services[]", "services[].tariff", "services[].carbon", "nodes[].rounds[]", "nodes[].capacity")
    for key in NETWORK_KEYS[section]
    if key not in {"service", "closed_dates", "holidays", "days", "cut_off"}
}
NETWORK_ADVICE: Final[Mapping[str, str]] = _ELSEWHERE | _OTHER_WORDS
"""What is said after an unknown key."""
