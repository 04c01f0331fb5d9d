"""Public holidays: known calendars, and their dates in a network."""

from dataclasses import replace
from datetime import date

import pytest

from sourcier.domain.network import Network
from sourcier.inputs import holidays
from sourcier.inputs.network_yaml import parse_network

TEXT = """\
currency: EUR
time_zone: Europe/Paris
services:
  - {service: std, transit: [{business_days: 1}], delivery_days: mon-fri, closed_dates: [2026-12-24], tariff: {}}
nodes:
  - {node: a, node_type: store, lat: 1, lon: 2, working_days: mon, cut_off: "16:00", services: [std]}
  - {node: b, node_type: store, lat: 1, lon: 2, working_days: mon, cut_off: "16:00", services: [std]}
"""


def network(*names: str, service: str = "") -> Network:
    plain = parse_network(TEXT, "file.yaml")
    return replace(
        plain,
        nodes=tuple(
            replace(node, calendar=replace(node.calendar, holidays=name))
            for node, name in zip(plain.nodes, names, strict=True)
        ),
        services=tuple(replace(one, holidays=service) for one in plain.services),
    )


def test_french_holidays_of_a_year() -> None:
    assert public(2026, "FR") == ["01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01",
                                  "11-11", "12-25"]  # fmt: skip


def test_a_region_has_more_of_them() -> None:
    assert set(public(2026, "FR-57")) - set(public(2026, "FR")) == {"04-03", "12-26"}  # Alsace and Moselle
    assert "03-31" in set(public(2026, "US-CA")) - set(public(2026, "US"))  # Cesar Chavez Day


def test_a_day_off_in_lieu_may_lie_in_the_year_before() -> None:
    assert public(2027, "US")[-1] == "12-31"  # 1 January 2028 is a Saturday


def public(year: int, name: str) -> list[str]:
    return sorted(day.strftime("%m-%d") for day in holidays.public_holidays(name, year))


@pytest.mark.parametrize("name", ["FR", "FR-57", "US-CA", "DE-BY", "GB-SCT", "JP"])
def test_known_calendars(name: str) -> None:
    assert holidays.trouble(name) == ""


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("XX", "not a country"),
        ("FRA", "not a country"),
        ("fr", "not a country"),
        ("France", "not a country"),
        ("FR-", "'' is not a region of FR"),
        ("FR-75", "'75' is not a region of FR"),
        ("US-CAL", "did you mean US-CA?"),
        ("-", "not a country"),
    ],
)
def test_unknown_calendars(name: str, told: str) -> None:
    assert told in holidays.trouble(name)


def test_every_unknown_name_of_a_network_is_told() -> None:
    found = holidays.faults(network("FR", "QQ", service="DE-XY"))
    assert [v.field for v in found] == ["nodes[1].calendar.holidays", "services[0].holidays"]
    assert holidays.faults(network("FR", "", service="FR-57")) == []


def test_expands_the_days_asked_for_and_no_others() -> None:
    plain = network("FR", "", service="FR")
    expanded = holidays.expand(plain, date(2026, 12, 25), 8)
    assert expanded.nodes[0].calendar.closed_dates == {date(2026, 12, 25), date(2027, 1, 1)}
    assert expanded.nodes[1] == plain.nodes[1]
    assert expanded.services[0].closed_dates == {date(2026, 12, 24), date(2026, 12, 25), date(2027, 1, 1)}
    assert holidays.expand(plain, date(2026, 12, 26), 6).nodes == plain.nodes


def test_expanding_again_adds_the_next_days() -> None:
    once = holidays.expand(network("FR", "FR"), date(2026, 11, 1), 30)
    assert holidays.expand(once, date(2026, 11, 1), 30) == once
    assert holidays.expand(once, date(2026, 12, 1), 30).nodes[1].calendar.closed_dates == {
        date(2026, 11, 1),
        date(2026, 11, 11),
        date(2026, 12, 25),
    }
