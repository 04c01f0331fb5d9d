"""The keys of one mapping: defaults, sections, lists, and a fault for each that is wrong."""

import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.inputs import values
from sourcier.inputs.faults import Faults
from sourcier.inputs.fields import Fields, read_fields
from sourcier.inputs.yaml_nodes import compose

KEYS = ("n", "items", "part", "parts")


def fields(text: str, path: str = "") -> Fields:
    faults = Faults(filename="f", reason=Reason.RULE_SET_INVALID, advice={"limit": "; use n"})
    return read_fields(compose(text, 10_000, faults), path, KEYS, faults)


def told(read: Fields) -> list[str]:
    with pytest.raises(Refusal) as caught:
        read.faults.raise_if_any()
    return [f"{v.field} {v.description}" for v in caught.value.violations]


def test_a_value_or_its_default() -> None:
    read = fields("n: 3")
    assert read.value("n", values.whole(0, 9), 0) == 3
    assert read.value("items", values.whole(0, 9), None) is None
    assert not read.faults


def test_an_unfit_value_is_a_fault_and_reads_as_the_default() -> None:
    read = fields("n: x", "top")
    assert read.value("n", values.whole(0, 9), 7) == 7
    assert told(read) == ["f:1:4 top.n: must be a whole number from 0 to 9, found 'x'"]


def test_a_required_key() -> None:
    read = fields("n: 1", "top")
    read.value("part", values.truth, default=False, required=True)
    assert told(read) == ["f:1:1 top: part is missing"]


def test_nothing_is_missing_in_what_could_not_be_read() -> None:
    read = fields("part: 5")
    read.section("part", KEYS).value("n", values.truth, default=False, required=True)
    assert told(read) == ["f:1:7 part: must be keys and values, found '5'"]


def test_nothing_is_missing_in_a_section_that_may_be_left_out() -> None:
    read = fields("n: 1")
    read.section("part", KEYS).value("n", values.truth, default=False, required=True)
    assert not read.faults


def test_lists_of_values_and_of_sections() -> None:
    read = fields("items: [1, 2]\nparts: [{n: 5}, {n: 6}]")
    assert read.values("items", values.whole(0, 9), 10) == (1, 2)
    assert [part.value("n", values.whole(0, 9), 0) for part in read.sections("parts", KEYS, 10)] == [5, 6]
    assert [part.path for part in read.sections("parts", KEYS, 10)] == ["parts[0]", "parts[1]"]


def test_a_list_that_is_too_long_is_one_fault() -> None:
    read = fields("items: [x, y, z]")
    assert read.values("items", values.whole(0, 9), 2) == ()
    assert told(read) == ["f:1:8 items: must have at most 2 entries, found 3"]


def test_a_value_twice_in_a_list() -> None:
    read = fields("items: [1, 2, 1]")
    assert read.values("items", values.whole(0, 9), 9) == (1, 2)
    assert told(read) == ["f:1:15 items[2]: stands in the list twice"]


def test_defaults_stand_in_for_keys_that_are_not_there() -> None:
    own, defaults = fields("n: 1"), fields("n: 2\nitems: [7]")
    both = own.over(defaults)
    assert both.value("n", values.whole(0, 9), 0) == 1
    assert both.values("items", values.whole(0, 9), 9) == (7,)


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("item", "unknown key 'item'; did you mean items?"),
        ("limit", "unknown key 'limit'; use n"),
        ("qqqq", "unknown key 'qqqq'; known here: n, items, part, parts"),
        ("50", "unknown key '50'; write decimals with a point"),
    ],
)
def test_an_unknown_key_comes_with_the_best_hint(key: str, hint: str) -> None:
    assert told(fields(f"{key}: 1")) == [f"f:1:1 {hint}"]


def test_one_value_or_a_list_of_them() -> None:
    def paths(text: str) -> list[str]:
        return [path for _, path in fields(text).one_or_more("items", 2)]

    assert paths("items: 1") == ["items"]
    assert paths("items: [1, 2]") == ["items[0]", "items[1]"]
    assert paths("n: 1") == []


def test_pairs_have_any_keys() -> None:
    read = fields("items: {1: a, 2: [b]}")
    assert [key.text for key, _ in read.pairs("items", 2)] == ["1", "2"]
    assert not read.faults


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("items: {}", "f:1:8 items: must not be empty"),
        ("items: {1: a, 2: b, 3: c}", "f:1:8 items: must have at most 2 entries"),
        ("items: [1]", "f:1:8 items: must be keys and values, found a list"),
    ],
)
def test_pairs_that_are_none(text: str, fault: str) -> None:
    read = fields(text)
    assert list(read.pairs("items", 2)) == []
    assert told(read) == [fault]


def test_an_id_stands_once() -> None:
    first, second = fields("parts: [{n: a},\n {n: a}]").sections("parts", KEYS, 9)
    seen: dict[str, int] = {}
    assert first.unique("n", values.name, seen) == "a"
    second.unique("n", values.name, seen)
    assert told(second) == ["f:2:6 parts[1].n: is given twice; the first is on line 1"]
