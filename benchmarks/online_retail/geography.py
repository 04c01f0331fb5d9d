"""Distances and time zones of American places."""

from math import asin, cos, radians, sin, sqrt
from typing import Final

from benchmarks.online_retail.data import Place

EARTH_RADIUS_MILES: Final = 3_958.761
METRES_PER_MILE: Final = 1_609.344

# Where most people of a state live; a state with two zones has that of its larger part.
_STATES: Final = {
    "America/New_York": "CT DE FL GA IN KY MA MD ME MI NC NH NJ NY OH PA RI SC VA VT WV DC",
    "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
    "America/Denver": "CO ID MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
}
TIME_ZONE_OF_STATE: Final = {code: zone for zone, codes in _STATES.items() for code in codes.split()}


def miles(a: Place, b: Place) -> float:
    """Great-circle miles, by the haversine formula."""
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    half_chord = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin(radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_RADIUS_MILES * asin(sqrt(min(1.0, half_chord)))
