"""Reads a planner's rule set from YAML: all faults at once, each as file:line:col.

`RULE_SET_KEYS` is the whole language; `docs/reference/rules.md` explains it, and a test compares the two.
"""

from collections.abc import Mapping
from typing import Final

from sourcier.domain.errors import Reason
from sourcier.domain.limits import (
    CHANNELS_MAX,
    NODES_MAX,
    RULE_ENTRIES_MAX,
    RULE_SET_BYTES_MAX,
    STOCK_QUANTITY_MAX,
    UNFILLED_VALUE_BP_MAX,
)
from sourcier.domain.network import NodeType
from sourcier.domain.rules import Constraints, DeliverBy, Eligibility, Prices, RuleSet, SafetyStock
from sourcier.inputs.faults import Faults
from sourcier.inputs.fields import Fields, read_fields
from sourcier.inputs.promising_yaml import (
    PROMISING_KEYS,
    read_bands,
    read_consolidation,
    read_fees,
    read_promising,
)
from sourcier.inputs.values import identifier, known_in, money, name, scaled, truth, whole, word_of
from sourcier.inputs.yaml_nodes import compose

RULE_SET_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": (
        "rule_set",
        "channels",
        "prices",
        "constraints",
        "promising",
        "fees",
        "consolidation",
        "bands",
        "eligibility",
        "protection",
    ),
    "prices": ("split", "unfilled", "late"),
    "prices.unfilled": ("per_unit", "percent_of_value"),
    "prices.late": ("per_unit_day",),
    "constraints": ("max_shipments", "max_nodes_per_line", "ship_complete", "partial_orders", "deliver_by"),
    **PROMISING_KEYS,
    "eligibility[]": ("exclude_node_types", "channels"),
    "protection": ("safety_stock",),
    "protection.safety_stock[]": ("units", "node_types", "channels"),
}

# Words of other systems for what is here under another name, or counted otherwise.
_OTHER_WORDS: Final = {
    "max_splits": "; use constraints.max_shipments, which counts shipments: n splits are n + 1 shipments",
    "maximum_number_of_splits": "; use constraints.max_shipments: n splits are n + 1 shipments",
    "max_nodes": "; use constraints.max_shipments or constraints.max_nodes_per_line",
    "maximum_fulfilling_locations": "; use constraints.max_shipments or constraints.max_nodes_per_line",
    "fulfill_partial_orders": "; use constraints.partial_orders",
    "minimum_inventory": "; use protection.safety_stock",
    "buffer": "; use protection.safety_stock",
    "quantile": "; use promising.percent_on_time",
    "shipping_fees": "; use fees, a list of {fee, methods, zones, min_value}",
    "free_from": "; use fees: {fee: 0, min_value: ...} before the entry that costs",
    "availability_bands": "; use bands",
    "free_shipping": "; use fees: {fee: 0, min_value: ...} before the entry that costs",
}
_ELSEWHERE: Final = {
    key: f"; it belongs under {section.removesuffix('[]')}"
    for section, keys in RULE_SET_KEYS.items()
    for key in keys
    if section and key not in {"channels", "methods"}
}

_percent_bp = scaled(2, 0, UNFILLED_VALUE_BP_MAX, "a percentage")


def parse_rule_set(text: str, filename: str) -> RuleSet:
    """The rule set in `text`; `filename` only names the file in faults.

    Raises
    ------
    Refusal
        RULE_SET_INVALID with every fault as ``Violation(field="file:line:col")``.
    """
    faults = Faults(filename=filename, reason=Reason.RULE_SET_INVALID, advice=_ELSEWHERE | _OTHER_WORDS)
    root = compose(text, RULE_SET_BYTES_MAX, faults)
    top = read_fields(root, "", RULE_SET_KEYS[""], faults)
    channels = top.values("channels", name, CHANNELS_MAX, required=True)
    prices = top.section("prices", RULE_SET_KEYS["prices"], required=True)
    rule_set = RuleSet(
        rule_set_id=top.value("rule_set", identifier, "", required=True),
        channels=channels,
        prices=_prices(prices),
        constraints=_constraints(top.section("constraints", RULE_SET_KEYS["constraints"])),
        promising=read_promising(top),
        fees=read_fees(top),
        consolidation=read_consolidation(top),
        bands=read_bands(top),
        eligibility=_eligibility(top, channels),
        safety_stock=_safety_stock(top.section("protection", RULE_SET_KEYS["protection"]), channels),
    )
    if _ships_nothing(rule_set):
        prices.fault("must not be free both per unit and by value, or to ship nothing is cheapest", "unfilled")
    faults.raise_if_any()
    return rule_set


def _prices(prices: Fields) -> Prices:
    unfilled = prices.section("unfilled", RULE_SET_KEYS["prices.unfilled"])
    late = prices.section("late", RULE_SET_KEYS["prices.late"])
    standard = Prices()
    return Prices(
        split_micros=prices.value("split", money, standard.split_micros),
        unfilled_per_unit_micros=unfilled.value("per_unit", money, standard.unfilled_per_unit_micros),
        unfilled_value_bp=unfilled.value("percent_of_value", _percent_bp, standard.unfilled_value_bp),
        late_per_unit_day_micros=late.value("per_unit_day", money, standard.late_per_unit_day_micros),
    )


def _ships_nothing(rule_set: RuleSet) -> bool:
    """Whether leaving units unfilled is both allowed and free, so that no shipment is worth its cost."""
    prices, constraints = rule_set.prices, rule_set.constraints
    free = not prices.unfilled_per_unit_micros and not prices.unfilled_value_bp
    return free and constraints.partial_orders and not constraints.ship_complete


def _constraints(constraints: Fields) -> Constraints:
    standard = Constraints()
    count = whole(1, NODES_MAX)
    return Constraints(
        max_shipments=constraints.value("max_shipments", count, standard.max_shipments),
        max_nodes_per_line=constraints.value("max_nodes_per_line", count, standard.max_nodes_per_line),
        ship_complete=constraints.value("ship_complete", truth, standard.ship_complete),
        partial_orders=constraints.value("partial_orders", truth, standard.partial_orders),
        deliver_by=constraints.value("deliver_by", word_of(DeliverBy), standard.deliver_by),
    )


def _eligibility(top: Fields, channels: tuple[str, ...]) -> tuple[Eligibility, ...]:
    keys = RULE_SET_KEYS["eligibility[]"]
    return tuple(
        Eligibility(
            exclude_node_types=_node_types(entry, "exclude_node_types", required=True),
            channels=_channels(entry, channels),
        )
        for entry in top.sections("eligibility", keys, RULE_ENTRIES_MAX)
    )


def _safety_stock(protection: Fields, channels: tuple[str, ...]) -> tuple[SafetyStock, ...]:
    keys = RULE_SET_KEYS["protection.safety_stock[]"]
    return tuple(
        SafetyStock(
            units=entry.value("units", whole(0, STOCK_QUANTITY_MAX), 0, required=True),
            node_types=_node_types(entry, "node_types"),
            channels=_channels(entry, channels),
        )
        for entry in protection.sections("safety_stock", keys, RULE_ENTRIES_MAX)
    )


def _node_types(entry: Fields, key: str, *, required: bool = False) -> frozenset[NodeType]:
    # An empty list would mean every node type; only leaving the key out does.
    return frozenset(entry.values(key, word_of(NodeType), len(NodeType), required=required or key in entry))


def _channels(entry: Fields, channels: tuple[str, ...]) -> frozenset[str]:
    read = known_in(channels, "a channel of this rule set") if channels else name
    return frozenset(entry.values("channels", read, CHANNELS_MAX, required="channels" in entry))
