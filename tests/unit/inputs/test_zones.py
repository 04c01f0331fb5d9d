"""Zones: inline and from a table; overlaps are refused where they stand."""

from pathlib import Path

import pytest

from sourcier.domain.errors import Refusal
from sourcier.domain.limits import ZONES_MAX
from sourcier.domain.network import PostalRange, Zone
from sourcier.inputs.network_yaml import parse_network

NETWORK = """\
currency: EUR
time_zone: Europe/Paris
services:
  - service: std
    transit: [{business_days: 1}]
    zone_transit: [{zone: corsica, business_days: 3}]
    delivery_days: mon-fri
    tariff: {}
nodes: [{node: n, node_type: store, lat: 1, lon: 2, working_days: mon, cut_off: 16:00, services: [std]}]
zones: """


def zone(zone_id: str, *ranges: tuple[str, str], country: str = "FR") -> Zone:
    found = tuple(PostalRange(country_code=country, low=low, high=high) for low, high in ranges)
    return Zone(zone_id=zone_id, ranges=found)


def zones(folder: Path, table: str) -> tuple[Zone, ...]:
    (folder / "zones.csv").write_text(table, encoding="utf-8")
    return parse_network(f"{NETWORK}zones.csv", str(folder / "network.yaml")).zones


def told(folder: Path, table: str) -> list[str]:
    with pytest.raises(Refusal) as caught:
        zones(folder, table)
    return [f"{v.field.removeprefix(f'{folder}/')}: {v.description}" for v in caught.value.violations]


def test_reads_zones_in_the_file() -> None:
    text = "[{zone: corsica, country: FR, ranges: [20]}, {zone: isles, country: FR, ranges: [971 to 978, 98600]}]\n"
    assert parse_network(NETWORK + text, "file.yaml").zones == (
        zone("corsica", ("20", "20")),
        zone("isles", ("971", "978"), ("98600", "98600")),
    )


def test_reads_zones_from_a_table(tmp_path: Path) -> None:
    table = "zone,country,from,to\ncorsica,FR,200,206\nisles,FR,971,978\ncorsica,FR,207,\n"
    assert zones(tmp_path, table) == (zone("corsica", ("200", "206"), ("207", "207")), zone("isles", ("971", "978")))
    assert zones(tmp_path, "from,country,zone\n20,FR,corsica\n") == (zone("corsica", ("20", "20")),)


ZONES = [
    ("no id", "[{zone: corsica, country: FR, ranges: [20]}, §{country: FR, ranges: [21]}]", ["zone is missing"]),
    ("no country", "[§{zone: corsica, ranges: [20]}]", ["country is missing"]),
    ("no range", "[{zone: corsica, country: FR, ranges: §[]}]", ["must not be empty"]),
    ("a range of two lengths", "[{zone: corsica, country: FR, ranges: [§20 to 206]}]", ["same number of characters"]),
    ("a range that falls", "[{zone: corsica, country: FR, ranges: [20, §206 to 201]}]", ["must not come before '206'"]),
    ("small letters", "[{zone: corsica, country: FR, ranges: [§2a]}]", ["must be capitals"]),
    (
        "twice",
        "[{zone: corsica, country: FR, ranges: [20]}, {zone: §corsica, country: FR, ranges: [21]}]",
        ["is a zone of this network already"],
    ),
    (
        "overlap",
        "[{zone: corsica, country: FR, ranges: [20]}, {zone: south, country: FR, ranges: [13, §201 to 203]}]",
        ["zones[1].ranges[1]: overlaps FR 20 of zone 'corsica'"],
    ),
    ("none", "§", ["must be a list, found nothing"]),
]


@pytest.mark.parametrize(("marked", "words"), [case[1:] for case in ZONES], ids=[case[0] for case in ZONES])
def test_refuses_in_the_file(refused, marked: str, words: list[str]) -> None:
    text = "§zones: \n" if marked == "§" else f"zones: {marked}\n"
    refused(parse_network, NETWORK.removesuffix("zones: ") + text, *words)


def test_tells_every_bad_row_of_a_table(tmp_path: Path) -> None:
    table = "zone,country,from,to\ncorsica,FR,20,\nsouth,FR,13,\n,fr,2a,\nsouth,FR,201,203\nsouth,FR,9,80\nx,FR\n"
    assert told(tmp_path, table) == [
        "zones.csv:4: zone: is empty",
        "zones.csv:4: from: must be capitals, digits, blanks and hyphens as in 75011, found '2a'",
        "zones.csv:4: country: must be an ISO 3166 country code such as FR, found 'fr'",
        "zones.csv:5: overlaps FR 20 of zone 'corsica'",
        "zones.csv:6: '9' and '80' must have the same number of characters",
        "zones.csv:7: has 2 cells; the header names 4 columns",
    ]


def test_a_table_that_cannot_be_read_makes_no_unknown_zones(refused) -> None:
    refused(parse_network, f"{NETWORK}§absent.csv", "cannot read absent.csv")
    refused(parse_network, f"{NETWORK}§absent.txt", "must be a list, or the name of a .csv file")


def test_an_unknown_zone_is_told_where_there_are_others(refused) -> None:
    marked = NETWORK.replace("zone: corsica", "zone: §corsika")
    refused(parse_network, f"{marked}[{{zone: corsica, country: FR, ranges: [20]}}]", "'corsika' is not a zone")
    refused(parse_network, marked.removesuffix("zones: "), "'corsika' is not a zone")


def test_a_table_has_its_limits(tmp_path: Path) -> None:
    rows = "".join(f"z{number},FR,{number:05d}\n" for number in range(ZONES_MAX + 1))
    assert told(tmp_path, f"zone,country,from\n{rows}corsica,FR,20\n")[-1] == (
        f"zones.csv:{ZONES_MAX + 2}: zone: more than {ZONES_MAX} zones"
    )
