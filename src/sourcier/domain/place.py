"""Places on earth."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoPoint:
    """A place on earth in microdegrees (WGS 84)."""

    lat_e6: int
    lon_e6: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the customer wants the goods: a postal code of a country, or coordinates, or both.

    Coordinates win for distances; the postal code then only helps to find the time zone.
    """

    country_code: str
    postal_code: str = ""
    point: GeoPoint | None = None
