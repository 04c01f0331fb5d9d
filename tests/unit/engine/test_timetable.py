"""The timetable: it says what a walk through every minute of a node's life says."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from tests.reference import small
from tests.reference.calendars import DAYS, SEASONS, Season, random_season
from tests.reference.minutes import Film, Life, brought_by_courier, delivery, film
from tests.reference.small import EVERY_DAY

from sourcier.domain import calendar as one_by_one
from sourcier.domain.network import Hours, Method, Network, Node, NodeCalendar, Service
from sourcier.engine.compile import compile_network
from sourcier.engine.hours import NEVER
from sourcier.engine.timetable import Timetable, compile_timetable

SHIFTS_FOLLOWED = 2
"""Of every order, so many shifts are compared."""


def instant(seconds: int) -> datetime:
    """UTC epoch seconds as the domain has them."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def ints(*values: int) -> np.ndarray:
    """An array over lanes."""
    return np.array(values, dtype=np.int64)


class Comparison:
    """One random season, told three ways: by the timetable, by `domain.calendar`, and minute by minute."""

    def __init__(self, season: Season) -> None:
        self.season = season
        self.table: Timetable = compile_timetable(compile_network(season.network), season.first_day, DAYS)
        self.first = season.first_day - timedelta(days=1)
        self.faults: list[str] = []

    def film(self, zone: str) -> Film:
        """The zone's clock over all days that matter."""
        return film(zone, self.season.first_day - timedelta(days=3), DAYS + 8)

    def say(self, what: str, told: object, expected: object) -> None:
        """Note a disagreement."""
        if told != expected:
            self.faults.append(f"{what}: {told}, not {expected}")

    def run(self) -> list[str]:
        """Every disagreement."""
        start = int(datetime(*self.season.first_day.timetuple()[:3], tzinfo=UTC).timestamp())
        seconds, units, days = self.season.order
        for n, node in enumerate(self.season.network.nodes):
            life = Life(node, self.film(node.time_zone))
            self.order(n, node, life, start + seconds, units, days)
        return self.faults

    def order(self, n: int, node: Node, life: Life, placed: int, units: int, days: int) -> None:
        """One order at one node: work, shifts, departures, readiness."""
        work = life.seconds_of_work(units)
        self.say("work", int(self.table.work(units)[n]), work)
        self.say("work one by one", one_by_one.work_on(node.calendar, units), timedelta(seconds=work))
        here = life.film.shown[(placed - life.film.begin) // 60].date()
        self.say("local day", date.fromordinal(int(self.table.local_day(ints(n), ints(placed))[0])), here)
        begin = placed
        if days:
            midnight = life.at(here + timedelta(days=days), 0)
            told = int(self.table.midnight(ints(n), ints((here + timedelta(days=days)).toordinal()))[0])
            self.say("midnight", told, midnight)
            begin = max(placed, midnight)
        self.ready(n, node, life, begin, work)
        self.departures(n, node, life, placed, begin, work)
        self.shifts(n, node, life, placed, begin, work)

    def done(self, n: int, begin: int, work: int) -> np.ndarray:
        return self.table.done(ints(n), ints(begin), ints(work))

    def ready(self, n: int, node: Node, life: Life, begin: int, work: int) -> None:
        """When the work is done, and when it can be collected."""
        ready = life.ready(begin, work)
        told = int(self.table.ready(ints(n), ints(begin), ints(work), self.done(n, begin, work))[0])
        end = life.at(self.season.first_day + timedelta(days=DAYS + 1), 0)
        if told >= NEVER:
            self.say("ready", told, told if ready is None or ready > end else ready)
            return
        self.say("ready", told, ready)
        alone = one_by_one.ready_at(node.calendar, node.time_zone, instant(begin), timedelta(seconds=work))
        self.say("ready one by one", alone, instant(ready))
        opens = life.open_from(ready)
        told = int(self.table.next_opening(ints(n), ints(ready))[0])
        if told < NEVER:
            self.say("open", told, opens)
            self.say(
                "open one by one", one_by_one.open_from(node.calendar, node.time_zone, instant(ready)), instant(opens)
            )
        else:
            self.say("open", opens is None or opens >= end, True)
        self.collected(n, node, life, end)

    def collected(self, n: int, node: Node, life: Life, end: int) -> None:
        """Goods that come to the store a day after the first."""
        day = self.season.first_day + timedelta(days=1)
        opens = life.open_from(life.at(day, 0))
        later = None if opens is None else life.open_from(opens + 60 * 95)
        midnight = one_by_one.local_instant(day, 0, node.time_zone)
        told = int(self.table.collectable(ints(n), self.table.midnight(ints(n), ints(day.toordinal())), ints(95))[0])
        if told < NEVER:
            self.say("collectable", told, later)
            alone = one_by_one.collectable_at(node.calendar, node.time_zone, midnight, 95)
            self.say("collectable one by one", alone, instant(later))
        else:
            self.say("collectable", later is None or later >= end, True)

    def departures(self, n: int, node: Node, life: Life, placed: int, begin: int, work: int) -> None:
        """The first departure by every service, the one after it, when it arrives and until when it can be had."""
        network = self.season.network
        services = range(len(network.services))
        lanes, service_of = np.full(len(services), n), np.array(services)
        schedule = self.table.schedules(network.time_zone)[lanes, service_of]
        starts = np.full(len(lanes), begin)
        found = self.table.first_round(schedule, placed, starts, self.table.done(lanes, starts, ints(work)))
        order_by = np.zeros(len(lanes), dtype=np.int64)
        made = np.flatnonzero(found >= 0)
        order_by[made] = self.table.order_by(lanes[made], found[made], np.full(len(made), work))
        rounds = self.table.rounds
        for s, service in enumerate(network.services):
            events = life.events(service.service_id, self.first, DAYS + 2)
            if service.method is Method.SAME_DAY:
                clock = self.film(network.time_zone)
                events = [event for event in events if brought_by_courier(service, event, clock)]
            event = life.first_event(events, placed, begin, work)
            at = int(found[s])
            if event is None or at < 0:
                self.say(f"{service.service_id} departs", at, -1 if event is None else event)
                continue
            told = (int(rounds.pickup[at]), int(rounds.cut_off[at]), date.fromordinal(int(rounds.day[at])))
            self.say(f"{service.service_id} departs", told, (event.pickup, event.cut_off, event.day))
            minute, parcels = int(rounds.minute[at]), int(rounds.parcels[at])
            self.say("minute", minute, -1 if event.minute is None else event.minute)
            self.say("parcels", parcels, 2**53 if event.parcels is None else event.parcels)
            self.say("order by", int(order_by[s]), life.last_order(event, work))
            following = events[events.index(event) + 1 :][:1]
            more = at + 1 < rounds.stop[schedule[s]]
            self.say("next", [int(rounds.pickup[at + 1])] if more else [], [event.pickup for event in following])
            self.alone(life, service.service_id, instant(placed), instant(begin), work, event.day)
            self.arrival(n, s, event.day)

    def alone(self, life: Life, service_id: str, placed: datetime, begin: datetime, work: int, day: date) -> None:
        """`domain.calendar` about the first and last departures of the day on which the order's lies."""
        node = life.node
        told = one_by_one.departures(node, service_id, day)
        events = life.events(service_id, day, 1)
        self.say(
            "departures",
            [(d.pickup, d.cut_off) for d in told],
            [(instant(e.pickup), instant(e.cut_off)) for e in events],
        )
        pairs = list(zip(told, events, strict=True))
        for departure, event in [*pairs[:2], *pairs[2:][-2:]]:
            time = timedelta(seconds=work)
            made = life.first_event([event], int(placed.timestamp()), int(begin.timestamp()), work) is not None
            self.say("makes", one_by_one.makes(node, departure, placed, begin, time), made)
            if made:
                self.say("last", one_by_one.order_by(node, departure, time), instant(life.last_order(event, work)))

    def arrival(self, n: int, s: int, day: date) -> None:
        """First and last delivery day, near, far, and on the isle."""
        service = self.season.network.services[s]
        if service.method is Method.SAME_DAY:
            return
        isle = [e for e in service.zone_transit if not e.node_ids or f"n{n}" in e.node_ids][-1]
        for distance, zone, transit in (
            (100_000, "", service.transit[0]),
            (100_001, "", service.transit[1]),
            (0, "isle", isle),
        ):
            row = self.table.transit.rows(ints(n), ints(s), ints(distance), zone)
            told = self.table.transit.arrivals(row, ints(day.toordinal()), 9_000)
            shares = [(e.business_days, e.share_bp) for e in transit.distribution] or [(transit.business_days, 10_000)]
            sums = [(days, sum(share for _, share in shares[: k + 1])) for k, (days, _) in enumerate(shares)]
            last, confidence = next(one for one in sums if one[1] >= 9_000)
            days = getattr(transit, "delivery_days", None) or service.delivery_days
            expected = [delivery(days, service.closed_dates, day, wanted) for wanted in (shares[0][0], last)]
            found = [date.fromordinal(int(one[0])) for one in (told.earliest, told.latest)]
            self.say(f"{service.service_id} arrives", (found, int(told.confidence_bp[0])), (expected, confidence))

    def shifts(self, n: int, node: Node, life: Life, placed: int, begin: int, work: int) -> None:
        """The shifts that can take the order, when its work starts in them, and what it then departs with."""
        ready = life.ready(begin, work)
        if ready is None or ready > life.at(self.season.first_day + timedelta(days=DAYS + 1), 0):
            return  # no departure that the timetable knows
        runs = life.shift_runs(self.first, DAYS + 2)
        choices = life.shift_choices(runs, begin, work)
        shifts = self.table.shifts
        at, starts = (int(a[0]) for a in self.table.first_shift(ints(n), ints(begin), self.done(n, begin, work)))
        stop = int(shifts.stop[n])
        told = [] if at < 0 else [(at, starts), *((q, int(shifts.start[q])) for q in range(at + 1, stop))]
        named = [(date.fromordinal(int(shifts.day[q])), node.shifts[int(shifts.which[q])], start) for q, start in told]
        self.say("shifts", named, choices)
        starting = {(day, shift): instant(start) for day, shift, start in choices}
        for _, _, day, shift in [run for run in runs if run[1] > begin - 86_400][: 3 * SHIFTS_FOLLOWED]:
            one = one_by_one.shift_begin(node, shift, day, instant(begin), timedelta(seconds=work))
            self.say("shift one by one", one, starting.get((day, shift)))
        for _, _, start in choices[:SHIFTS_FOLLOWED]:
            self.departures(n, node, life, placed, start, work)


def compare(season: int, seeds: range) -> list[str]:
    """Every disagreement over the seasons of these seeds."""
    return [f"{season}/{seed} {fault}" for seed in seeds for fault in Comparison(random_season(seed, season)).run()]


@pytest.mark.parametrize("season", range(len(SEASONS)))
def test_the_timetable_agrees_with_every_minute(season: int) -> None:
    assert compare(season, range(12)) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("season", range(len(SEASONS)))
def test_the_timetable_agrees_with_every_minute_of_10_000_networks(season: int) -> None:
    assert compare(season, range(10_000 // len(SEASONS))) == []


WRONG: dict[str, Callable[[Timetable], Timetable]] = {
    "a minute of backlog": lambda table: replace(table, work_fixed=table.work_fixed + 60),
    "open while picking": lambda table: replace(table, opening=table.picking),
    "cut-offs at the pickup": lambda table: replace(table, rounds=replace(table.rounds, cut_off=table.rounds.pickup)),
    "a second early": lambda table: replace(table, rounds=replace(table.rounds, pickup=table.rounds.pickup - 1)),
    "couriers at any time": lambda table: replace(table, couriers={}),
    "shifts end as they start": lambda table: replace(table, shifts=replace(table.shifts, end=table.shifts.start)),
    "delivered as if a day later": lambda table: replace(
        table, transit=replace(table.transit, delivered=np.roll(table.transit.delivered, -1, axis=1))
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_timetable_does_not_agree(what: str) -> None:
    for seed in range(20):
        comparison = Comparison(random_season(seed, 0))
        comparison.table = WRONG[what](comparison.table)
        if comparison.run():
            return
    pytest.fail("nobody noticed")


PARIS = "Europe/Paris"
NIGHTS = NodeCalendar(
    working_days=EVERY_DAY,
    cut_off_minute=240,
    processing_minutes=60,
    picking_hours=(Hours(days=EVERY_DAY, from_minute=60, to_minute=240),),
    opening_hours=(Hours(days=EVERY_DAY, from_minute=150, to_minute=600),),
)


def of(*nodes: Node, first_day: date, days: int = 5, services: tuple[Service, ...] = (small.service(),)) -> Timetable:
    """The timetable of these nodes."""
    network = Network(currency_code="EUR", time_zone=PARIS, nodes=nodes, services=services)
    return compile_timetable(compile_network(network), first_day, days)


def departs(table: Timetable, placed: datetime, *, begin: datetime | None = None, units: int = 1) -> list[datetime]:
    """The first pickup at node 0 by service 0, and the last instant to order for it; empty if there is none."""
    lane, at = ints(0), table.placed(placed)
    starts = ints(at if begin is None else int(begin.timestamp()))
    found = table.first_round(
        table.schedules(PARIS)[0, :1], at, starts, table.done(lane, starts, table.work(units)[:1])
    )
    if found[0] < 0:
        return []
    return [
        instant(int(table.rounds.pickup[found][0])),
        instant(int(table.order_by(lane, found, table.work(units))[0])),
    ]


@pytest.mark.parametrize(
    ("day", "placed", "expected"),
    [
        # 29 March: from 01:00 to 04:00 there are two hours, 00:00 to 02:00 UTC; an hour of work fits until 01:00 UTC.
        (date(2026, 3, 29), datetime(2026, 3, 29, 1, 0, tzinfo=UTC), datetime(2026, 3, 29, 2, 0, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 29, 1, 0, 1, tzinfo=UTC), datetime(2026, 3, 30, 2, 0, tzinfo=UTC)),
        # 25 October: there are four, 23:00 to 03:00 UTC.
        (date(2026, 10, 25), datetime(2026, 10, 25, 2, 0, tzinfo=UTC), datetime(2026, 10, 25, 3, 0, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 25, 2, 0, 1, tzinfo=UTC), datetime(2026, 10, 26, 3, 0, tzinfo=UTC)),
    ],
)
def test_work_takes_real_hours_in_the_nights_in_which_clocks_change(
    day: date, placed: datetime, expected: datetime
) -> None:
    table = of(small.node("a", calendar=NIGHTS, time_zone=PARIS), first_day=day - timedelta(days=1))
    assert departs(table, placed)[0] == expected


def test_the_countdown_of_the_night_ends_an_hour_before_the_cut_off() -> None:
    table = of(small.node("a", calendar=NIGHTS, time_zone=PARIS), first_day=date(2026, 3, 28))
    assert departs(table, datetime(2026, 3, 28, 12, tzinfo=UTC)) == [
        datetime(2026, 3, 29, 2, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    ]


def test_a_store_that_opens_in_the_gap_opens_when_the_gap_ends() -> None:
    table = of(small.node("a", calendar=NIGHTS, time_zone=PARIS), first_day=date(2026, 3, 28))
    night = int(datetime(2026, 3, 29, 0, 0, tzinfo=UTC).timestamp())
    assert instant(int(table.next_opening(ints(0), ints(night))[0])) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    midnight = table.midnight(ints(0), ints(date(2026, 3, 29).toordinal()))
    arrives = table.collectable(ints(0), midnight, ints(45))
    assert instant(int(arrives[0])) == datetime(2026, 3, 29, 1, 45, tzinfo=UTC)


def test_friday_at_the_cut_off_before_a_holiday_monday() -> None:
    calendar = NodeCalendar(
        working_days=frozenset(range(1, 6)), cut_off_minute=960, closed_dates=frozenset({date(2026, 4, 6)})
    )
    table = of(small.node("a", calendar=calendar, time_zone=PARIS), first_day=date(2026, 4, 3))
    cut_off = datetime(2026, 4, 3, 14, 0, tzinfo=UTC)
    assert departs(table, cut_off) == [cut_off, cut_off]
    late = cut_off + timedelta(microseconds=1)
    assert departs(table, late)[0] == datetime(2026, 4, 7, 14, 0, tzinfo=UTC)


def test_goods_that_come_later_are_worked_on_from_then_on_whatever_cut_off_was_met() -> None:
    table = of(small.node("a", calendar=NIGHTS, time_zone=PARIS), first_day=date(2026, 6, 1))
    placed = datetime(2026, 6, 1, 9, tzinfo=UTC)
    there = instant(int(table.midnight(ints(0), ints(date(2026, 6, 4).toordinal()))[0]))
    assert there == datetime(2026, 6, 3, 22, tzinfo=UTC)
    assert departs(table, placed, begin=there)[0] == datetime(2026, 6, 4, 2, tzinfo=UTC)
    last_day = instant(int(table.midnight(ints(0), ints(date(2026, 6, 7).toordinal()))[0]))
    assert departs(table, placed, begin=last_day) == []
    assert table.midnight(ints(0), ints(date(2027, 6, 7).toordinal())).tolist() == [NEVER]


def test_a_timetable_knows_for_which_orders_it_is() -> None:
    table = of(small.node("a"), first_day=date(2026, 6, 1))
    assert instant(table.placed(datetime(2026, 6, 1, 0, 0, tzinfo=UTC))) == datetime(2026, 6, 1, tzinfo=UTC)
    for outside in (datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 6, 6, tzinfo=UTC)):
        with pytest.raises(ValueError, match="outside the 5 days from 2026-06-01"):
            table.placed(outside)


def test_work_that_begins_everywhere_at_once_is_done_as_it_is_one_by_one() -> None:
    late = replace(small.node("b").calendar, cut_off_minute=1_200)
    table = of(small.node("a"), small.node("b", calendar=late), small.node("c"), first_day=date(2026, 6, 1))
    placed, node, work = table.placed(datetime(2026, 6, 1, 9, tzinfo=UTC)), ints(2, 1), ints(600, 90_000)
    assert table.done_from(placed, node, work).tolist() == table.done(node, ints(placed, placed), work).tolist()


def test_lanes_without_a_schedule_never_depart() -> None:
    table = of(small.node("a", services=()), small.node("b"), first_day=date(2026, 6, 1))
    placed = table.placed(datetime(2026, 6, 1, tzinfo=UTC))
    schedule = table.schedules(PARIS)[:, 0]
    begin = ints(placed, placed)
    found = table.first_round(schedule, placed, begin, table.done(ints(0, 1), begin, table.work(1)))
    assert (schedule.tolist(), found.tolist()) == ([-1, 0], [-1, 1])  # its first one lies on the day before
    nothing = of(small.node("a", services=()), first_day=date(2026, 6, 1))
    assert nothing.first_round(ints(-1), placed, ints(placed), nothing.work(1)).tolist() == [-1]


def test_nodes_without_shifts_have_no_first_shift() -> None:
    table = of(small.node("a"), first_day=date(2026, 6, 1))
    placed = table.placed(datetime(2026, 6, 1, tzinfo=UTC))
    shift, begin = table.first_shift(ints(0), ints(placed), table.done(ints(0), ints(placed), table.work(1)))
    assert (shift.tolist(), begin.tolist()) == ([-1], [placed])


@pytest.mark.parametrize("nodes", [(), (small.node("a", services=()),)])
@pytest.mark.parametrize("services", [(), (small.service(),), (small.service(method=Method.SAME_DAY, transit=()),)])
def test_a_network_of_next_to_nothing_has_a_timetable(nodes: tuple[Node, ...], services: tuple[Service, ...]) -> None:
    table = of(*nodes, first_day=date(2026, 6, 1), services=services)
    assert table.schedules(PARIS).tolist() == [[-1] * len(services)] * len(nodes)
