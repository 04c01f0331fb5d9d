"""Promises: values that compare and travel."""

import pickle
from dataclasses import FrozenInstanceError

import pytest

from sourcier.domain.network import Method
from sourcier.domain.promise import Promises, Unpromised

NOBODY = Unpromised(method=Method.HOME_DELIVERY, service_id="express", reason="NO_LANE")
ANSWER = Promises(promised=(), unpromised=(NOBODY,), rule_set_revision="ruleSets/a/revisions/1", snapshot_version=7)


def test_a_service_can_fail_without_a_line_in_the_way() -> None:
    assert NOBODY.line_ids == ()


def test_answers_compare_by_value_and_travel_unchanged() -> None:
    assert pickle.loads(pickle.dumps(ANSWER)) == ANSWER
    other = Unpromised(method=Method.HOME_DELIVERY, service_id="express", reason="OUT_OF_STOCK", line_ids=("1",))
    assert other != NOBODY


def test_answers_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        ANSWER.snapshot_version = 8  # type: ignore[misc]
