"""Places: values that compare, hash and stay as they are."""

from dataclasses import FrozenInstanceError

import pytest

from sourcier.domain.place import Destination, GeoPoint


def test_places_compare_and_hash_by_value() -> None:
    paris = GeoPoint(lat_e6=48_856_600, lon_e6=2_352_200)
    at = Destination(country_code="FR", point=paris)
    assert {at, Destination(country_code="FR", point=GeoPoint(lat_e6=48_856_600, lon_e6=2_352_200))} == {at}
    assert at != Destination(country_code="FR", postal_code="75001", point=paris)


def test_places_do_not_move() -> None:
    with pytest.raises(FrozenInstanceError):
        GeoPoint(lat_e6=0, lon_e6=0).lat_e6 = 1  # type: ignore[misc]
