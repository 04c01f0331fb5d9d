"""Many clients at once: threads of one server on SQLite, processes on PostgreSQL."""

from collections.abc import Iterator

import pytest
from tests.contract.bench import Bench
from tests.contract.crowd import Crowd, ProcessCrowd, ThreadCrowd


@pytest.fixture(scope="module")
def replicas(postgres_bench_url: str) -> Iterator[ProcessCrowd]:
    """Processes with the PostgreSQL ledger of the module's tests open."""
    crowd = ProcessCrowd(postgres_bench_url)
    yield crowd
    crowd.close()


@pytest.fixture
def crowd(bench: Bench, request: pytest.FixtureRequest) -> Crowd:
    """Clients of the test's ledger."""
    if bench.on_sqlite:
        return ThreadCrowd(bench.ledger)
    replicas: ProcessCrowd = request.getfixturevalue("replicas")
    return replicas
