"""The table of postal areas beside a network: thousands of rows, for which YAML would be slow."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sourcier.domain.limits import POSTAL_AREAS_MAX
from sourcier.domain.network import PostalArea
from sourcier.domain.place import GeoPoint
from sourcier.inputs import values
from sourcier.inputs.faults import Faults
from sourcier.inputs.fields import Fields
from sourcier.inputs.files import read_beside
from sourcier.inputs.tables import read_rows

POSTAL_AREA_COLUMNS: Final = ("country", "prefix", "lat", "lon")
POSTAL_AREA_COLUMNS_OPTIONAL: Final = ("time_zone",)


def read_postal_areas(top: Fields, key: str, folder: Path, time_zone: str) -> tuple[PostalArea, ...]:
    """The areas in the CSV file that `key` names, a plain file name in `folder`; faults are noted in `top`.

    An empty time zone means `time_zone`, that of the network.
    """
    return read_beside(top, key, folder, lambda lines, faults: _areas(lines, time_zone, faults)) or ()


def _areas(lines: Iterable[str], time_zone: str, faults: Faults) -> tuple[PostalArea, ...]:
    found: dict[tuple[str, str], int] = {}
    areas: list[PostalArea] = []
    for row in read_rows(lines, POSTAL_AREA_COLUMNS, POSTAL_AREA_COLUMNS_OPTIONAL, faults):
        if len(areas) == POSTAL_AREAS_MAX:
            faults.add(row.line, 0, f"more than {POSTAL_AREAS_MAX} postal areas")
            break
        area = PostalArea(
            country_code=row.value("country", values.country_code, ""),
            prefix=row.value("prefix", values.postal_code, ""),
            point=GeoPoint(lat_e6=row.value("lat", values.latitude, 0), lon_e6=row.value("lon", values.longitude, 0)),
            time_zone=row.optional("time_zone", values.time_zone, time_zone),
        )
        key = (area.country_code, area.prefix)
        if key in found and all(key):
            row.fault(f"{' '.join(key)} is given twice; the first is on line {found[key]}")
        found.setdefault(key, row.line)
        areas.append(area)
    return tuple(areas)
