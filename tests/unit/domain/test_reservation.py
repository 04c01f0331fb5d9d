"""The table of reservation states: conservation, end states, nothing that may change it."""

from dataclasses import astuple

import pytest

from sourcier.domain.network import Capacity, CapacityMeasure, Network, Node, NodeCalendar, NodeType, Round, Shift
from sourcier.domain.place import GeoPoint
from sourcier.domain.reservation import SUPPLY_TRANSITIONS, TRANSITIONS, State, StockChange, pool_caps

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


def test_the_tables_cannot_be_changed() -> None:
    for table in (TRANSITIONS, SUPPLY_TRANSITIONS):
        with pytest.raises(TypeError):
            table[State.EXPIRED, State.HELD] = StockChange()  # type: ignore[index]


def test_what_did_not_come_in_does_not_leave() -> None:
    assert set(TRANSITIONS) - set(SUPPLY_TRANSITIONS) == {
        (State.ALLOCATED, State.SHIPPED),
        (State.SHIPPED, State.SETTLED),
        (State.ALLOCATED, State.FAILED),
    }
    assert all(TRANSITIONS[move] == change for move, change in SUPPLY_TRANSITIONS.items())


def test_every_limit_of_the_network_is_a_pool() -> None:
    node = Node(
        node_id="n",
        node_type=NodeType.STORE,
        point=GeoPoint(lat_e6=0, lon_e6=0),
        time_zone="UTC",
        calendar=NodeCalendar(working_days=frozenset({1}), cut_off_minute=960),
        services=("std", "fast"),
        capacity=Capacity(measure=CapacityMeasure.ORDERS, per_day=9),
        rounds=(
            Round(service_id="std", days=frozenset({1, 2}), pickup_minute=1_020, parcels=50),
            Round(service_id="std", days=frozenset({6}), pickup_minute=1_020, parcels=20),
            Round(
                service_id="fast",
                days=frozenset({1}),
                pickup_minute=600,
                every_minutes=120,
                last_pickup_minute=850,
                parcels=4,
            ),
            Round(service_id="fast", days=frozenset({3}), pickup_minute=600),
        ),
        shifts=(
            Shift(shift_id="early", from_minute=360, to_minute=840, measure=CapacityMeasure.UNITS, limit=7),
            Shift(shift_id="late", from_minute=840, to_minute=1_320, measure=CapacityMeasure.UNITS, limit=8),
        ),
    )
    network = Network(currency_code="EUR", time_zone="UTC", nodes=(node,), services=())
    assert pool_caps(network) == {
        ("node-day:n", "*"): 9,
        ("node-shift:n:early", "*"): 7,
        ("node-shift:n:late", "*"): 8,
        ("round:n:std:1020", "*1"): 50,
        ("round:n:std:1020", "*2"): 50,
        ("round:n:std:1020", "*6"): 20,
        ("round:n:fast:0600", "*1"): 4,
        ("round:n:fast:0720", "*1"): 4,
        ("round:n:fast:0840", "*1"): 4,
    }
