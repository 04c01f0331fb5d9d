"""One filled server for all tests of this folder; tests use SKUs and orders of their own."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.rpc.servers import Served, filled

from sourcier.client import Client


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a network, rules and stock."""
    with filled(tmp_path_factory.mktemp("rpc")) as server:
        yield server


@pytest.fixture
async def client(served: Served) -> AsyncIterator[Client]:
    """A client of the filled server."""
    async with Client(served.target) as connected:
        yield connected
