"""The table of reservation states: conservation, end states, nothing that may change it."""

from dataclasses import astuple

import pytest

from sourcier.domain.reservation import TRANSITIONS, State, StockChange

STANDS_IN: dict[State | None, StockChange] = {
    None: StockChange(),
    State.HELD: StockChange(held=1),
    State.ALLOCATED: StockChange(allocated=1),
    State.SHIPPED: StockChange(unsettled=1),
    State.FAILED: StockChange(blocked=1),
    State.SETTLED: StockChange(),
    State.RELEASED: StockChange(),
    State.CANCELLED: StockChange(),
    State.EXPIRED: StockChange(),
}
"""Where one unit of a line in this state stands on the stock row."""

END_STATES = {State.SETTLED, State.RELEASED, State.CANCELLED, State.EXPIRED, State.FAILED}


def test_every_state_is_known_here() -> None:
    assert set(STANDS_IN) == {None, *State}


@pytest.mark.parametrize("move", list(TRANSITIONS), ids=lambda move: "-".join(str(state) for state in move))
def test_a_move_takes_a_unit_from_where_it_stood_to_where_it_stands(move: tuple[State | None, State]) -> None:
    before, after = (astuple(STANDS_IN[state]) for state in move)
    assert astuple(TRANSITIONS[move]) == tuple(b - a for a, b in zip(before, after, strict=True))


def test_end_states_are_never_left_and_all_others_are() -> None:
    left = {start for start, _ in TRANSITIONS if start is not None}
    assert left == set(State) - END_STATES


def test_every_state_can_be_reached() -> None:
    assert {end for _, end in TRANSITIONS} == set(State)
    assert {end for start, end in TRANSITIONS if start is None} == {State.HELD, State.ALLOCATED}


@pytest.mark.parametrize(
    "move",
    [
        (State.HELD, State.SHIPPED),
        (State.HELD, State.CANCELLED),
        (State.ALLOCATED, State.HELD),
        (State.ALLOCATED, State.RELEASED),
        (State.ALLOCATED, State.SETTLED),
        (State.SHIPPED, State.CANCELLED),
        (State.HELD, State.HELD),
    ],
)
def test_what_must_not_happen_is_not_in_the_table(move: tuple[State, State]) -> None:
    assert move not in TRANSITIONS


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TRANSITIONS[State.EXPIRED, State.HELD] = StockChange()  # type: ignore[index]
