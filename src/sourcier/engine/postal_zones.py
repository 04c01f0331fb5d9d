"""Which of the network's zones a destination lies in: bisection over the ranges of postal codes."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from sourcier.domain.network import Network
from sourcier.domain.place import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRanges:
    """Disjoint ranges of codes of one country and one length, ascending; `zone` indexes the network's zones."""

    length: int
    low: tuple[str, ...]
    high: tuple[str, ...]
    zone: tuple[int, ...]

    def find(self, postal_code: str) -> int:
        """The zone of a postal code, -1 if none of the ranges holds it."""
        code = postal_code[: self.length]
        at = bisect_right(self.low, code) - 1
        return self.zone[at] if at >= 0 and len(code) == self.length and code <= self.high[at] else -1


def compile_postal_zones(network: Network) -> Mapping[str, tuple[CodeRanges, ...]]:
    """The ranges of every country, the longest codes first. Ranges of one zone may overlap; they are merged."""
    by_length: dict[tuple[str, int], list[tuple[str, str, int]]] = {}
    for index, zone in enumerate(network.zones):
        for one in zone.ranges:
            by_length.setdefault((one.country_code, len(one.low)), []).append((one.low, one.high, index))
    found: dict[str, list[CodeRanges]] = {}
    for (country, length), ranges in sorted(by_length.items(), key=lambda entry: -entry[0][1]):
        merged: list[tuple[str, str, int]] = []
        for low, high, index in sorted(ranges):
            if merged and low <= merged[-1][1] and merged[-1][2] == index:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]), index)
            else:
                merged.append((low, high, index))
        lows, highs, zones = zip(*merged, strict=True)
        found.setdefault(country, []).append(CodeRanges(length=length, low=lows, high=highs, zone=zones))
    return {country: tuple(ranges) for country, ranges in found.items()}


def zone_of(zones: Mapping[str, tuple[CodeRanges, ...]], destination: Destination) -> int:
    """The index of the zone of a destination, -1 without one (no postal code, or one of no zone)."""
    for ranges in zones.get(destination.country_code, ()):
        zone = ranges.find(destination.postal_code)
        if zone >= 0:
            return zone
    return -1
