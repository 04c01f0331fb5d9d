"""Jobs of a ledger: taken in turn, cancelled while they wait, refused after the end."""

import threading
from collections.abc import Iterator

import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.ledger.jobs import Jobs, Queue


def work(jobs: Queue) -> None:
    while (job := jobs.get()) is not None:
        if not job.begin():
            continue
        try:
            job.value = job.operation(*job.args, **job.kwargs)
        except Exception as error:
            job.failure = error
        job.finish()


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    made = Jobs("test", [work, work])
    yield made
    made.close()


def test_an_outcome_is_a_value_or_what_was_raised(jobs: Jobs) -> None:
    assert jobs.put(divmod, (7, 2), {}).result(10) == (3, 1)
    assert jobs.put(int, ("11",), {"base": 2}).result(10) == 3
    assert isinstance(jobs.put(divmod, (7, 0), {}).exception(10), ZeroDivisionError)


def test_what_was_given_is_finished_before_the_end_and_nothing_after_it(jobs: Jobs) -> None:
    go = threading.Event()
    given = [jobs.put(go.wait, (10,), {}) for _ in range(5)]
    assert given[-1].cancel()
    closing = threading.Thread(target=jobs.close)
    closing.start()
    go.set()
    closing.join(10)
    assert [future.result(10) for future in given[:-1]] == [True] * 4
    with pytest.raises(Refusal) as refused:
        jobs.put(print, (), {}).result(10)
    assert refused.value.reason is Reason.SHUTTING_DOWN
    jobs.close()
