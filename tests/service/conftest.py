"""A shop on a fresh ledger of each kind."""

from collections.abc import AsyncIterator

import pytest
from tests.service.shop import MONDAY, Shop, Wall, running


@pytest.fixture
def wall() -> Wall:
    """A clock that stands still on a Monday morning."""
    return Wall(MONDAY)


@pytest.fixture
async def shop(ledger_url: str) -> AsyncIterator[Shop]:
    """Network and rules are in force, there is no stock."""
    async with running(ledger_url) as shop:
        yield await shop.open()
