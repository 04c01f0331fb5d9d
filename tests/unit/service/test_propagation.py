"""Delays of stock changes, counted and told."""

from sourcier.service.propagation import DELAYS_KEPT, Delays, Propagation


def test_delays_are_told_by_nearest_rank_and_once() -> None:
    propagation = Propagation()
    for number in reversed(range(1, 201)):
        propagation.add(number / 1_000)
    assert propagation.take() == Delays(looks=200, p50_ms=100.0, p99_ms=198.0, max_ms=200.0)
    assert propagation.take() is None


def test_one_delay_is_every_rank() -> None:
    propagation = Propagation()
    propagation.add(-0.001)  # two clocks, a hair apart
    assert propagation.take() == Delays(looks=1, p50_ms=0.0, p99_ms=0.0, max_ms=0.0)


def test_memory_is_bounded() -> None:
    propagation = Propagation()
    for _ in range(DELAYS_KEPT + 5):
        propagation.add(0.01)
    told = propagation.take()
    assert told is not None
    assert told.looks == DELAYS_KEPT
