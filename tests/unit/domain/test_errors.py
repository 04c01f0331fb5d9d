"""Refusals: what a caller is told."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest

from sourcier.domain.errors import Kind, Reason, Refusal, Violation, invalid

FIRST = Violation(field="order.lines[0].quantity", description="must be at least 1")
SECOND = Violation(field="order.channel", description="is empty")


def test_one_fault_is_the_message() -> None:
    refusal = invalid([FIRST])
    assert (refusal.kind, refusal.reason) == (Kind.INVALID_ARGUMENT, Reason.FIELD_INVALID)
    assert refusal.message == "order.lines[0].quantity: must be at least 1"
    assert refusal.metadata == {"field": "order.lines[0].quantity"}


def test_several_faults_are_counted_and_all_kept() -> None:
    refusal = invalid((FIRST, SECOND, SECOND), Reason.RULE_SET_INVALID)
    assert refusal.message.endswith("(and 2 more)")
    assert refusal.violations == (FIRST, SECOND, SECOND)
    assert refusal.reason is Reason.RULE_SET_INVALID


def test_a_person_reads_every_violation_on_its_own_line() -> None:
    assert str(invalid([FIRST, SECOND])).splitlines()[1:] == [
        "order.lines[0].quantity: must be at least 1",
        "order.channel: is empty",
    ]


def test_a_refusal_without_violations_reads_as_its_message() -> None:
    assert str(Refusal(kind=Kind.NOT_FOUND, reason=Reason.HOLD_NOT_FOUND, message="no such hold")) == "no such hold"


def test_a_refusal_travels_between_processes() -> None:
    there = invalid([FIRST, SECOND])
    here = pickle.loads(pickle.dumps(there))
    assert isinstance(here, Refusal)
    assert [getattr(here, name) for name in Refusal.__slots__] == [getattr(there, name) for name in Refusal.__slots__]


def test_a_refusal_passes_through_context_managers() -> None:
    @contextmanager
    def open_something() -> Iterator[None]:
        yield

    with pytest.raises(Refusal) as caught, open_something():
        raise invalid([FIRST]) from ValueError("cause")
    assert isinstance(caught.value.__cause__, ValueError)


def test_refusals_are_told_apart_by_identity() -> None:
    assert invalid([FIRST]) != invalid([FIRST])


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_a_grpc_code(kind: Kind) -> None:
    assert grpc.StatusCode[kind.value].name == kind.name


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_its_own_name(reason: Reason) -> None:
    assert reason.value == reason.name
