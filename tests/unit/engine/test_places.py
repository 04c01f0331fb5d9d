"""Where destinations are: by the longest postal prefix or their coordinates, in which zones, how far from nodes."""

from dataclasses import replace

import pytest
from tests.reference import small

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import PostalArea, PostalRange, Zone
from sourcier.domain.place import Destination
from sourcier.engine.compile import compile_network
from sourcier.engine.places import locate, place_at, place_of

AREAS = (
    PostalArea(country_code="FR", prefix="7", point=small.HERE, time_zone="Europe/Paris"),
    PostalArea(country_code="FR", prefix="75", point=small.ONE_DEGREE_NORTH, time_zone="Europe/Brussels"),
)


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        (Destination(country_code="FR", postal_code="75001"), (small.ONE_DEGREE_NORTH, "Europe/Brussels")),
        (Destination(country_code="FR", postal_code="75"), (small.ONE_DEGREE_NORTH, "Europe/Brussels")),
        (Destination(country_code="FR", postal_code="74000"), (small.HERE, "Europe/Paris")),
        (Destination(country_code="FR", postal_code="75001", point=small.HERE), (small.HERE, "Europe/Brussels")),
        (Destination(country_code="FR", postal_code="10000", point=small.HERE), (small.HERE, "UTC")),
        (Destination(country_code="DE", point=small.HERE), (small.HERE, "UTC")),
    ],
)
def test_the_longest_known_prefix_locates_a_destination(destination: Destination, expected: tuple) -> None:
    network = replace(small.world([], {}, ()).network, postal_areas=AREAS)
    assert locate(compile_network(network), destination) == expected


@pytest.mark.parametrize(("country", "code"), [("FR", "10000"), ("DE", "75001"), ("FR", "")])
def test_a_place_that_nobody_knows_is_refused(country: str, code: str) -> None:
    network = replace(small.world([], {}, ()).network, postal_areas=AREAS)
    with pytest.raises(Refusal) as caught:
        locate(compile_network(network), Destination(country_code=country, postal_code=code))
    assert caught.value.reason is Reason.POSTAL_CODE_UNKNOWN
    assert caught.value.metadata == {"country_code": country, "postal_code": code}


def test_a_place_has_its_zones_and_its_distances() -> None:
    north = Zone(zone_id="north", ranges=(PostalRange(country_code="FR", low="50", high="95"),))
    nodes = (small.node("here"), small.node("there", point=small.ONE_DEGREE_NORTH))
    network = compile_network(replace(small.world(nodes, {}, ()).network, postal_areas=AREAS, zones=(north,)))
    found = place_of(network, Destination(country_code="FR", postal_code="74000"))
    assert (found.point, found.time_zone, found.zone_id) == (small.HERE, "Europe/Paris", "north")
    assert found.distance_m.tolist() == [0, small.ONE_DEGREE_M]
    assert place_of(network, Destination(country_code="FR", postal_code="10000", point=small.HERE)).zone_id == ""


def test_a_place_is_looked_up_once() -> None:
    network = compile_network(small.world([small.node("here")], {}, ()).network)
    assert place_at(network, small.HERE, "UTC") is place_at(network, small.HERE, "UTC")
    assert place_at(network, small.HERE, "UTC") is not place_at(network, small.HERE, "Europe/Paris")
    assert place_at(network, small.HERE, "UTC").distance_m.tolist() == [0]
    assert place_at(network, small.ONE_DEGREE_NORTH, "UTC").distance_m.tolist() == [small.ONE_DEGREE_M]
