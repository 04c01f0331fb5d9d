"""The table of postal areas that a network names."""

from pathlib import Path

import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.limits import NETWORK_BYTES_MAX, POSTAL_AREAS_MAX
from sourcier.domain.network import PostalArea
from sourcier.domain.place import GeoPoint
from sourcier.inputs.network_yaml import parse_network

NETWORK = """\
currency: EUR
time_zone: Europe/Paris
services: [{service: std, transit: [{business_days: 1}], delivery_days: mon-fri, tariff: {}}]
nodes: [{node: n, node_type: store, lat: 1, lon: 2, working_days: mon, cut_off: 16:00, services: [std]}]
postal_areas: """


def areas(folder: Path, table: str | bytes, name: str = "areas.csv") -> tuple[PostalArea, ...]:
    (folder / "areas.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    return parse_network(NETWORK + name, str(folder / "network.yaml")).postal_areas


def told(folder: Path, table: str | bytes, name: str = "areas.csv") -> list[str]:
    with pytest.raises(Refusal) as caught:
        areas(folder, table, name)
    assert caught.value.reason is Reason.NETWORK_INVALID
    return [f"{v.field.removeprefix(f'{folder}/')}: {v.description}" for v in caught.value.violations]


def test_reads_areas_as_text_with_or_without_a_zone(tmp_path: Path) -> None:
    table = "\ufeffprefix,country,lon,lat,time_zone\n01,FR,5.226,46.205,\n28,ES,-3.7,40.4,Europe/Madrid\n"
    assert areas(tmp_path, table) == (
        PostalArea(
            country_code="FR",
            prefix="01",
            point=GeoPoint(lat_e6=46_205_000, lon_e6=5_226_000),
            time_zone="Europe/Paris",
        ),
        PostalArea(
            country_code="ES",
            prefix="28",
            point=GeoPoint(lat_e6=40_400_000, lon_e6=-3_700_000),
            time_zone="Europe/Madrid",
        ),
    )


def test_tells_every_bad_row_of_the_table(tmp_path: Path) -> None:
    table = "country,prefix,lat,lon\nFR,01,46,5\nfr,,x,5\nFR,01,46,5\nFR,02\n"
    assert told(tmp_path, table) == [
        "areas.csv:3: country: must be an ISO 3166 country code such as FR, found 'fr'",
        "areas.csv:3: prefix: is empty",
        "areas.csv:3: lat: must be degrees from -90 to 90 such as 48.8566, found 'x'",
        "areas.csv:4: FR 01 is given twice; the first is on line 2",
        "areas.csv:5: has 2 cells; the header names 4 columns",
    ]


def test_tells_the_faults_of_the_network_too(tmp_path: Path) -> None:
    (tmp_path / "areas.csv").write_text("country,prefix,lat,lon\nFR,01,46,500\n")
    with pytest.raises(Refusal) as caught:
        parse_network(NETWORK.replace("EUR", "EURO") + "areas.csv", str(tmp_path / "network.yaml"))
    assert [v.field.removeprefix(f"{tmp_path}/") for v in caught.value.violations] == [
        "network.yaml:1:11",
        "areas.csv:2",
    ]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("absent.csv", "network.yaml:5:15: postal_areas: cannot read absent.csv: No such file or directory"),
        ("../areas.csv", "network.yaml:5:15: postal_areas: must not have a slash, found '../areas.csv'"),
        ("areas.txt", "network.yaml:5:15: postal_areas: must be a list, or the name of a .csv file"),
        ("{file: areas.csv}", "network.yaml:5:15: postal_areas: must be a list, found keys and values"),
        ("", "network.yaml:5:1: postal_areas: must be a list, found nothing"),
    ],
)
def test_refuses_other_names(tmp_path: Path, name: str, fault: str) -> None:
    (found,) = told(tmp_path, "country,prefix,lat,lon\n", name)
    assert found.startswith(fault)


def test_a_table_has_its_limits(tmp_path: Path) -> None:
    rows = "".join(f"FR,{number:05d},1,2\n" for number in range(POSTAL_AREAS_MAX + 1))
    header = "country,prefix,lat,lon\n"
    assert told(tmp_path, header + rows) == [f"areas.csv:{POSTAL_AREAS_MAX + 2}: more than 50000 postal areas"]
    assert told(tmp_path, b"x" * (NETWORK_BYTES_MAX + 1)) == [
        "network.yaml:5:15: postal_areas: areas.csv has more than 4194304 bytes"
    ]


def test_text_that_is_not_utf_8_is_refused_where_it_stands(tmp_path: Path) -> None:
    assert told(tmp_path, b"country,prefix,lat,lon\nFR,0\xe9,1,2\n") == [
        "areas.csv:2: prefix: must be capitals, digits, blanks and hyphens as in 75011, found '0\\udce9'"
    ]
