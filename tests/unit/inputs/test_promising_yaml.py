"""Promising, fees, consolidation and bands of a rule set: what is read, what is refused and where."""

import pytest

from sourcier.domain.network import Method
from sourcier.domain.rules import AvailabilityBand, BrokenPromise, Consolidation, Fee, Promising
from sourcier.inputs.rules_yaml import parse_rule_set

HEAD = "rule_set: r\nchannels: [web]\nprices: {}\n"
FULL = """\
promising: {percent_on_time: 97.5, nearest_stores: 0, store_radius_km: 12.5, token_minutes: 60, broken: refuse}
fees:
  - {fee: 14.90, zones: [corsica]}
  - {fee: 0, methods: [home_delivery], min_value: 60.00}
  - {fee: 4.90, methods: [home_delivery, express]}
  - {fee: 9.90}
consolidation: [{hub: wh, methods: [home_delivery, ship_to_store]}, {hub: other, methods: [express]}]
bands: [{min_units: 0, label: sold out}, {min_units: 1, label: few left}]
"""


def test_reads_every_key() -> None:
    read = parse_rule_set(HEAD + FULL, "r.yaml")
    assert read.promising == Promising(
        quantile_bp=9_750, nearest_stores=0, store_radius_m=12_500, token_minutes=60, broken=BrokenPromise.REFUSE
    )
    home, express = Method.HOME_DELIVERY, Method.EXPRESS
    assert read.fees == (
        Fee(fee_micros=14_900_000, zone_ids=frozenset({"corsica"})),
        Fee(fee_micros=0, methods=frozenset({home}), min_value_micros=60_000_000),
        Fee(fee_micros=4_900_000, methods=frozenset({home, express})),
        Fee(fee_micros=9_900_000),
    )
    assert read.consolidation == (
        Consolidation(hub_id="wh", methods=frozenset({home, Method.SHIP_TO_STORE})),
        Consolidation(hub_id="other", methods=frozenset({express})),
    )
    assert read.bands == (
        AvailabilityBand(min_units=0, label="sold out"),
        AvailabilityBand(min_units=1, label="few left"),
    )


def test_what_is_left_out_has_the_domain_s_defaults() -> None:
    read = parse_rule_set(HEAD, "r.yaml")
    assert read.promising == Promising()
    assert (read.fees, read.consolidation, read.bands) == ((), (), ())


CASES = [
    ("nothing on time", "promising: {percent_on_time: §0}", ["a percentage from 0.01 to 100"]),
    ("more than all", "promising: {percent_on_time: §100.01}", ["from 0.01 to 100"]),
    ("another word", "promising: {§quantile: 95}", ["use promising.percent_on_time"]),
    ("negative stores", "promising: {nearest_stores: §-1}", ["from 0 to 16"]),
    ("no radius", "promising: {store_radius_km: §0}", ["from 0.001"]),
    ("no time", "promising: {token_minutes: §0}", ["from 1 to 43200"]),
    ("broken in other words", "promising: {broken: §lat}", ["one of late, refuse"]),
    ("at the top", "§percent_on_time: 95", ["it belongs under promising"]),
    ("no fee", "fees: [§{methods: [express]}]", ["fee is missing"]),
    ("negative fee", "fees: [{fee: §-1}]", ["from 0 to 1000000"]),
    ("unknown method", "fees: [{fee: 1, methods: [§exprss]}]", ["did you mean express?"]),
    ("no method", "fees: [{fee: 1, methods: §[]}]", ["must not be empty"]),
    ("no zone", "fees: [{fee: 1, zones: §[]}]", ["must not be empty"]),
    ("fee after all", "fees: [{fee: 1}, §{fee: 2, methods: [express]}]", ["the entry on line 4 fits every cart"]),
    (
        "fee of a part",
        "fees: [{fee: 1, methods: [express, home_delivery]}, §{fee: 2, methods: [express], min_value: 5, zones: [a]}]",
        ["never counts"],
    ),
    ("hub of nothing", "consolidation: [§{hub: wh}]", ["methods is missing"]),
    ("no hub", "consolidation: [§{methods: [express]}]", ["hub is missing"]),
    ("hub of what stays", "consolidation: [{hub: wh, methods: [§click_and_collect]}]", ["must be one of"]),
    (
        "two hubs",
        "consolidation: [{hub: a, methods: [express]}, {hub: b, methods: [home_delivery, §express]}]",
        ["express has a hub already; the first is on line 4"],
    ),
    ("band without a label", "bands: [§{min_units: 1}]", ["label is missing"]),
    ("negative units", "bands: [{min_units: 5, label: a}, {min_units: §-1, label: b}]", ["from 0 to"]),
    ("bands that fall", "bands: [{min_units: 5, label: a}, {min_units: §5, label: b}]", ["above the entry before it"]),
]


@pytest.mark.parametrize(("marked", "told"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_refuses(refused, marked: str, told: list[str]) -> None:
    refused(parse_rule_set, f"{HEAD}{marked}\n", *told)


@pytest.mark.parametrize(
    "fees",
    [
        "[{fee: 1, methods: [express]}, {fee: 2}]",
        "[{fee: 1, methods: [express]}, {fee: 2, methods: [express, home_delivery]}]",
        "[{fee: 0, min_value: 50}, {fee: 2, min_value: 20}, {fee: 3}]",
        "[{fee: 1, zones: [a]}, {fee: 1, zones: [a, b]}]",
    ],
)
def test_fees_that_each_count_for_some_cart(fees: str) -> None:
    assert parse_rule_set(f"{HEAD}fees: {fees}\n", "r.yaml").fees
