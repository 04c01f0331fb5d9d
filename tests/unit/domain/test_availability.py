"""Availability of products: values that compare and hash."""

import pytest

from sourcier.domain.availability import AvailabilityQuery, StoreStock


def test_a_query_can_be_a_key() -> None:
    query = AvailabilityQuery(channel="web", skus=("mug",), store_id="lyon")
    assert {query, AvailabilityQuery(channel="web", skus=("mug",), store_id="lyon")} == {query}
    assert query.destination is None


def test_fields_are_given_by_name() -> None:
    with pytest.raises(TypeError):
        StoreStock("lyon", 3, 1_000)  # type: ignore[misc]
