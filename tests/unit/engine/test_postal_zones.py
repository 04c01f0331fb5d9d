"""Zones of postal codes: every code is found in its range, whatever the ranges' lengths and order."""

import random

import pytest
from tests.reference import small

from sourcier.domain.network import Network, PostalRange, Zone
from sourcier.domain.place import Destination
from sourcier.engine.postal_zones import compile_postal_zones, zone_of


def ranges(*pairs: tuple[str, str], country: str = "FR") -> tuple[PostalRange, ...]:
    return tuple(PostalRange(country_code=country, low=low, high=high) for low, high in pairs)


def found(zones: tuple[Zone, ...], code: str, country: str = "FR") -> str | None:
    network = Network(currency_code="EUR", time_zone="UTC", nodes=(), services=(), zones=zones)
    index = zone_of(
        compile_postal_zones(network), Destination(country_code=country, postal_code=code, point=small.HERE)
    )
    return None if index < 0 else zones[index].zone_id


FRANCE = (
    Zone(zone_id="corsica", ranges=ranges(("201", "202"), ("20000", "20090"))),
    Zone(zone_id="paris", ranges=(*ranges(("75", "75"), ("77", "78")), *ranges(("1", "1"), country="BE"))),
    Zone(zone_id="south", ranges=ranges(("06", "06"), ("13", "13"), ("10", "13"))),
)


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("20000", "corsica"), ("20090", "corsica"), ("20091", None), ("20100", "corsica"), ("20299", "corsica"),
        ("75001", "paris"), ("76000", None), ("78999", "paris"), ("79000", None), 
        ("12345", "south"), ("13999", "south"),
        ("14000", None), ("0", None), ("", None), ("06", "south"),
    ],
)  # fmt: skip
def test_a_code_lies_in_the_zone_of_its_range(code: str, zone: str | None) -> None:
    assert found(FRANCE, code) == zone


def test_a_country_has_its_own_codes() -> None:
    assert found(FRANCE, "1000", "BE") == "paris"
    assert found(FRANCE, "75001", "BE") is None
    assert found(FRANCE, "75001", "DE") is None


def test_bisection_finds_what_looking_at_every_range_finds() -> None:
    rng = random.Random(3)
    for _ in range(200):
        cuts = sorted(rng.sample(range(1_000), 12))
        zones = tuple(
            Zone(zone_id=f"z{i}", ranges=ranges((f"{low:03}", f"{high - 1:03}")))
            for i, (low, high) in enumerate(zip(cuts[::2], cuts[1::2], strict=True))
        )
        code = f"{rng.randrange(100_000):05}"
        plain = next((z.zone_id for z in zones for r in z.ranges if r.low <= code[:3] <= r.high), None)
        assert found(zones, code) == plain
