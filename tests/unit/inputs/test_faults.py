"""Faults: collected once each, told in the order of the file."""

import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.inputs.faults import FILE_FAULTS_MAX, Faults, nearest, shown


def told(faults: Faults) -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as caught:
        faults.raise_if_any()
    return [(violation.field, violation.description) for violation in caught.value.violations]


def test_no_fault_raises_nothing() -> None:
    faults = Faults(filename="f", reason=Reason.FIELD_INVALID)
    faults.raise_if_any()
    assert not faults


def test_faults_come_in_the_order_of_the_file() -> None:
    faults = Faults(filename="f", reason=Reason.FIELD_INVALID)
    faults.add(10, 2, "c")
    faults.add(2, 10, "b", "path")
    faults.add(2, 0, "a")
    assert told(faults) == [("f:2", "a"), ("f:2:10", "path: b"), ("f:10:2", "c")]


def test_one_place_is_told_a_problem_once_by_whatever_path_it_was_reached() -> None:
    faults = Faults(filename="f", reason=Reason.FIELD_INVALID)
    for path in ("nodes[0].cut_off", "nodes[1].cut_off"):
        faults.add(3, 4, "must be a time", path)
    assert told(faults) == [("f:3:4", "nodes[0].cut_off: must be a time")]


def test_two_columns_of_a_row_may_have_the_same_problem() -> None:
    faults = Faults(filename="f", reason=Reason.FIELD_INVALID)
    for column in ("lat", "lon"):
        faults.add(3, 0, "is empty", column)
    assert told(faults) == [("f:3", "lat: is empty"), ("f:3", "lon: is empty")]


def test_a_file_beside_is_told_after_the_file_itself() -> None:
    faults = Faults(filename="network.yaml", reason=Reason.NETWORK_INVALID)
    faults.beside("areas.csv").add(1, 0, "first")
    faults.add(9, 9, "second")
    assert told(faults) == [("network.yaml:9:9", "second"), ("areas.csv:1", "first")]


def test_the_list_ends_and_says_so() -> None:
    faults = Faults(filename="f", reason=Reason.FIELD_INVALID)
    for line in range(1, FILE_FAULTS_MAX + 1):
        faults.add(line, 1, "x")
    assert not faults.full
    faults.add(FILE_FAULTS_MAX + 1, 1, "x")
    assert faults.full
    assert told(faults)[-1] == (f"f:{FILE_FAULTS_MAX + 1}:1", "more faults from here on")


def test_the_nearest_word_is_offered_when_one_is_near() -> None:
    assert nearest("Stor", ["warehouse", "store"]) == "; did you mean store?"
    assert nearest("qqq", ["warehouse", "store"]) == ""


def test_a_value_is_shown_short_and_on_one_line() -> None:
    assert shown("a\nb") == r"'a\nb'"
    assert len(shown("x" * 1_000)) == 42
