"""A shop on a fresh SQLite file."""

from collections.abc import AsyncIterator

import pytest
from tests.service.shop import Shop, running


@pytest.fixture
async def shop(sqlite_url: str) -> AsyncIterator[Shop]:
    """Network and rules are in force, there is no stock."""
    async with running(sqlite_url) as shop:
        yield await shop.open()
