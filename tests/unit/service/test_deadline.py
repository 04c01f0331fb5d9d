"""The caller's time is counted down, inherited, and never outlived."""

import asyncio
import gc
from time import monotonic

import pytest

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.service import deadline


def test_without_a_deadline_there_is_the_default() -> None:
    assert deadline.remaining() == deadline.DEFAULT_SECONDS


def test_a_caller_who_names_none_gets_the_default_counted_down() -> None:
    with deadline.within(None):
        assert deadline.DEFAULT_SECONDS - 1 < deadline.remaining() < deadline.DEFAULT_SECONDS


def test_time_counts_down_and_the_context_ends_it() -> None:
    with deadline.within(2.0):
        assert 1.5 < deadline.remaining() <= 2.0
    assert deadline.remaining() == deadline.DEFAULT_SECONDS


def test_an_inner_deadline_cannot_outlast_the_outer() -> None:
    with deadline.within(1.0), deadline.within(60.0):
        assert deadline.remaining() <= 1.0


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_no_time_left_is_refused_before_anything_begins(seconds: float) -> None:
    with deadline.within(seconds), pytest.raises(Refusal) as caught:
        deadline.demand()
    assert caught.value.kind is Kind.DEADLINE_EXCEEDED
    assert caught.value.reason is Reason.DEADLINE_TOO_SHORT


async def test_what_comes_in_time_is_given() -> None:
    with deadline.within(5.0):
        assert await deadline.wait(asyncio.sleep(0, result="answer")) == "answer"


async def test_what_comes_too_late_is_cancelled() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    begun = monotonic()
    with deadline.within(0.05), pytest.raises(Refusal) as caught:
        await deadline.wait(future)
    assert caught.value.reason is Reason.DEADLINE_TOO_SHORT
    assert future.cancelled()
    assert monotonic() - begun < 2


async def test_each_call_has_its_own_deadline() -> None:
    async def call(seconds: float) -> float:
        with deadline.within(seconds):
            await asyncio.sleep(0.01)
            return deadline.remaining()

    short, long = await asyncio.gather(call(1.0), call(100.0))
    assert short < 1.0
    assert long > 90.0


async def test_what_comes_when_time_is_over_is_not_begun() -> None:
    """Nor is it left lying about, which would be a warning."""
    with deadline.within(0.0), pytest.raises(Refusal):
        await deadline.wait(asyncio.sleep(0))
    gc.collect()
