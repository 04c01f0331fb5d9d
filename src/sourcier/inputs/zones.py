"""Zones of postal codes, in the network file or in a table beside it with a row for every range."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sourcier.domain.limits import POSTAL_RANGES_MAX, ZONES_MAX
from sourcier.domain.network import PostalRange, Zone
from sourcier.inputs import values
from sourcier.inputs.faults import Faults
from sourcier.inputs.fields import Fields, read_scalar
from sourcier.inputs.files import read_beside
from sourcier.inputs.network_keys import NETWORK_KEYS
from sourcier.inputs.spots import Spots
from sourcier.inputs.tables import read_rows

ZONE_COLUMNS: Final = ("zone", "country", "from")
ZONE_COLUMNS_OPTIONAL: Final = ("to",)
_UNREAD: Final = (Zone(zone_id="", ranges=()),)  # zones are there, but nobody knows which


def read_zones(top: Fields, folder: Path, spots: Spots) -> tuple[Zone, ...]:
    """The zones under ``zones``: a list, or the name of a CSV file in `folder`."""
    if top.text("zones") is not None:
        found = read_beside(top, "zones", folder, lambda lines, faults: _table(lines, faults, spots))
        return found or _UNREAD
    zones: list[Zone] = []
    for entry in top.sections("zones", NETWORK_KEYS["zones[]"], ZONES_MAX):
        path = f"zones[{len(zones)}]"
        spots.entry(path, entry)
        zone_id = entry.value("zone", values.name, "", required=True)
        zones.append(Zone(zone_id=zone_id, ranges=_ranges(entry, spots, path)))
    return tuple(zones) if zones or "zones" not in top else _UNREAD


def _ranges(entry: Fields, spots: Spots, path: str) -> tuple[PostalRange, ...]:
    country = entry.value("country", values.country_code, "", required=True)
    found: list[PostalRange] = []
    for node, at in entry.nodes("ranges", POSTAL_RANGES_MAX, required=True):
        ends = read_scalar(node, at, values.postal_range, entry.faults)
        if ends is not None:
            spots.value(f"{path}.ranges[{len(found)}]", node, at, entry.faults)
            found.append(PostalRange(country_code=country, low=ends[0], high=ends[1]))
    return tuple(found)


def _table(lines: Iterable[str], faults: Faults, spots: Spots) -> tuple[Zone, ...]:
    """The zones of a table in the order of their first rows; rows of one zone may stand anywhere."""
    ranges: dict[str, list[PostalRange]] = {}
    order: dict[str, int] = {}
    for number, row in enumerate(read_rows(lines, ZONE_COLUMNS, ZONE_COLUMNS_OPTIONAL, faults)):
        if number == POSTAL_RANGES_MAX:
            faults.add(row.line, 0, f"more than {POSTAL_RANGES_MAX} ranges")
            break
        zone_id = row.value("zone", values.name, "")
        index = order.setdefault(zone_id, len(order))
        if index == ZONES_MAX:
            row.fault(f"more than {ZONES_MAX} zones", "zone")
            break
        low = row.value("from", values.postal_code, "")
        found = ranges.setdefault(zone_id, [])
        spots.row(f"zones[{index}].ranges[{len(found)}]", row.line, faults)
        country = row.value("country", values.country_code, "")
        found.append(PostalRange(country_code=country, low=low, high=row.optional("to", values.postal_code, low)))
    return tuple(Zone(zone_id=zone_id, ranges=tuple(found)) for zone_id, found in ranges.items())
