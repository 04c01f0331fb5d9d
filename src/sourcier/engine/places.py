"""Where goods are wanted, as the network sees it: how far from every node, in which zones."""

from dataclasses import dataclass

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.place import Destination, GeoPoint
from sourcier.engine.compile import CompiledNetwork, IntArray, distances_m
from sourcier.engine.postal_zones import zone_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point, the time zone there and the id of the postal zone (empty: none); `distance_m[N]` is from every node."""

    point: GeoPoint
    time_zone: str
    zone_id: str
    distance_m: IntArray

    @property
    def nbytes(self) -> int:
        """What the distances occupy."""
        return self.distance_m.nbytes

    @property
    def key(self) -> tuple[GeoPoint, str, str]:
        """What tells it from other places of the same network."""
        return self.point, self.time_zone, self.zone_id


def place_of(network: CompiledNetwork, destination: Destination) -> Place:
    """The place of a destination. Raises Refusal POSTAL_CODE_UNKNOWN."""
    point, time_zone = locate(network, destination)
    zone = zone_of(network.postal_zones, destination)
    return place_at(network, point, time_zone, network.network.zones[zone].zone_id if zone >= 0 else "")


def place_at(network: CompiledNetwork, point: GeoPoint, time_zone: str, zone_id: str = "") -> Place:
    """The place at a point."""
    return network.memo.of(
        (point, time_zone, zone_id),
        lambda: Place(point=point, time_zone=time_zone, zone_id=zone_id, distance_m=distances_m(network, point)),
    )


def locate(network: CompiledNetwork, destination: Destination) -> tuple[GeoPoint, str]:
    """The point and time zone of a destination; the longest known postal prefix wins.

    Coordinates without a known postal code take the network's own zone. Raises Refusal POSTAL_CODE_UNKNOWN.
    """
    code = destination.postal_code
    for length in range(len(code), 0, -1):
        found = network.postal_areas.get((destination.country_code, code[:length]))
        if found is not None:
            area = network.network.postal_areas[found]
            return destination.point or area.point, area.time_zone
    if destination.point is not None:
        return destination.point, network.network.time_zone
    raise Refusal(
        kind=Kind.INVALID_ARGUMENT,
        reason=Reason.POSTAL_CODE_UNKNOWN,
        message="no postal area of the network covers this postal code, and no coordinates were given",
        metadata={"country_code": destination.country_code, "postal_code": code},
    )
