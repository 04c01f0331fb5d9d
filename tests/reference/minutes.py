"""Time by brute force: a node's life minute by minute, slow and obvious, to compare the timetable with.

A local clock only ever goes forward here: when the real one is set back, the latest time it has shown stays until it
shows a later one. Whatever happens at a local time happens in the first minute in which that clock shows it or more.
Nothing of the code under test is used but the domain's plain values; instants are UTC epoch seconds.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sourcier.domain.network import Node, Service, Shift

MINUTE = 60


@dataclass(frozen=True, slots=True)
class Event:
    """Something that leaves: local day, instant, and what makes an order too late for it."""

    day: date
    pickup: int
    cut_off: int
    minute: int | None
    parcels: int | None


@dataclass(frozen=True, slots=True)
class Film:
    """A zone's clock, one frame a minute: `shown[k]` is what it shows from the instant `begin + 60 k` on."""

    begin: int
    shown: list[datetime]

    def first_shows(self, local: datetime) -> int:
        """The first instant at which the clock shows `local` or more."""
        low, high = 0, len(self.shown) - 1
        assert self.shown[low] < local <= self.shown[high], "the film is too short"
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.shown[middle] < local else (low, middle)
        return self.begin + MINUTE * high


@lru_cache(maxsize=128)
def film(zone: str, first_day: date, days: int) -> Film:
    """The clock of a zone from one UTC midnight to another."""
    begin = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC)
    latest = datetime.min
    shown = []
    for minute in range(days * 24 * 60):
        real = (begin + timedelta(minutes=minute)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        latest = max(latest, real)
        shown.append(latest)
    return Film(begin=int(begin.timestamp()), shown=shown)


@dataclass(frozen=True, slots=True)
class Life:
    """A node, minute by minute, from some days before an order to some days after it; what was found is kept."""

    node: Node
    film: Film
    picking: dict[int, bool] = field(default_factory=dict)
    done: dict[tuple[int, int], int | None] = field(default_factory=dict)

    def works(self, day: date) -> bool:
        """Whether the node picks and carriers come on this day at all."""
        for exception in self.node.calendar.exceptions:
            if exception.day == day:
                return len(exception.picking) > 0
        if day in self.node.calendar.closed_dates:
            return False
        return day.isoweekday() in self.node.calendar.working_days

    def picks(self, minute: int) -> bool:
        """Whether the node picks in the film's minute."""
        if minute not in self.picking:
            self.picking[minute] = self._picks(minute)
        return self.picking[minute]

    def _picks(self, minute: int) -> bool:
        shown = self.film.shown[minute]
        of_day = shown.hour * 60 + shown.minute
        calendar = self.node.calendar
        for exception in calendar.exceptions:
            if exception.day == shown.date():
                return any(start <= of_day < end for start, end in exception.picking)
        if not calendar.picking_hours:
            return True
        if not self.works(shown.date()):
            return False
        return any(
            shown.isoweekday() in hours.days and hours.from_minute <= of_day < hours.to_minute
            for hours in calendar.picking_hours
        )

    def opens(self, minute: int) -> bool:
        """Whether customers can collect in the film's minute."""
        shown = self.film.shown[minute]
        of_day = shown.hour * 60 + shown.minute
        calendar = self.node.calendar
        for exception in calendar.exceptions:
            if exception.day == shown.date():
                return any(start <= of_day < end for start, end in exception.opening)
        if not self.works(shown.date()):
            return False
        return not calendar.opening_hours or any(
            shown.isoweekday() in hours.days and hours.from_minute <= of_day < hours.to_minute
            for hours in calendar.opening_hours
        )

    def seconds_of_work(self, units: int) -> int:
        """From the start of the work until the order is ready."""
        calendar = self.node.calendar
        each = calendar.processing_seconds_per_unit
        return 60 * calendar.backlog_minutes + 60 * calendar.processing_minutes + each * units

    def ready(self, begin: int, work: int) -> int | None:
        """When `work` seconds that start at `begin` are done; None after the film's end."""
        if (begin, work) not in self.done:
            self.done[begin, work] = self._ready(begin, work)
        return self.done[begin, work]

    def _ready(self, begin: int, work: int) -> int | None:
        now = begin
        while work > 0:
            minute = (now - self.film.begin) // MINUTE
            if minute >= len(self.film.shown):
                return None
            next_minute = self.film.begin + MINUTE * (minute + 1)
            if self.picks(minute):
                step = min(next_minute - now, work)
                now, work = now + step, work - step
            else:
                now = next_minute
        return now

    def start_by(self, end: int, work: int) -> int:
        """The last instant from which `work` seconds are done by `end`."""
        now = end
        while work > 0:
            minute = (now - 1 - self.film.begin) // MINUTE
            assert minute >= 0, "the film is too short"
            this_minute = self.film.begin + MINUTE * minute
            if self.picks(minute):
                step = min(now - this_minute, work)
                now, work = now - step, work - step
            else:
                now = this_minute
        return now

    def open_from(self, instant: int) -> int | None:
        """The first instant from `instant` on at which customers can collect; None after the film's end."""
        minute = (instant - self.film.begin) // MINUTE
        while minute < len(self.film.shown):
            if self.opens(minute):
                return max(instant, self.film.begin + MINUTE * minute)
            minute += 1
        return None

    def at(self, day: date, minute: int) -> int:
        """The instant of a local minute."""
        midnight = datetime(day.year, day.month, day.day)
        return self.film.first_shows(midnight + timedelta(minutes=minute))

    def events(self, service_id: str, first: date, days: int) -> list[Event]:
        """What leaves by the service from the day `first` on, in the order of time."""
        found = []
        rounds = [entry for entry in self.node.rounds if entry.service_id == service_id]
        for day in (first + timedelta(days=d) for d in range(days)):
            if not self.works(day):
                continue
            if not rounds:
                pickup = self.at(day, self.node.calendar.cut_off_minute)
                found.append(Event(day, pickup, pickup, None, None))
            for entry in rounds:
                if day.isoweekday() not in entry.days:
                    continue
                minute = entry.pickup_minute
                while True:
                    pickup = self.at(day, minute)
                    cut_off = pickup
                    if entry.cut_off_minute is not None:
                        cut_off = self.at(day, minute - (entry.pickup_minute - entry.cut_off_minute))
                    found.append(Event(day, pickup, cut_off, minute, entry.parcels))
                    if entry.every_minutes is None or minute + entry.every_minutes > entry.last_pickup_minute:
                        break
                    minute += entry.every_minutes
        return sorted(found, key=lambda event: event.pickup)

    def first_event(self, events: list[Event], placed: int, begin: int, work: int) -> Event | None:
        """The first that an order makes, which was placed at `placed` and on which work starts at `begin`."""
        ready = self.ready(begin, work)
        for event in events:
            if ready is not None and placed <= event.cut_off and ready <= event.pickup:
                return event
        return None

    def last_order(self, event: Event, work: int) -> int:
        """The last instant to place an order for it."""
        return min(event.cut_off, self.start_by(event.pickup, work))

    def shift_runs(self, first: date, days: int) -> list[tuple[int, int, date, Shift]]:
        """(start, end, day, shift) of every shift from the day `first` on, in the order of time."""
        runs = []
        for day in (first + timedelta(days=d) for d in range(days)):
            if self.works(day):
                for position, shift in enumerate(self.node.shifts):
                    start, end = self.at(day, shift.from_minute), self.at(day, shift.to_minute)
                    runs.append((start, position, end, day, shift))
        return [(start, end, day, shift) for start, _, end, day, shift in sorted(runs, key=lambda run: run[:2])]

    def shift_choices(
        self, runs: list[tuple[int, int, date, Shift]], begin: int, work: int
    ) -> list[tuple[date, Shift, int]]:
        """(day, shift, start of the work) for every shift that can take an order, first the one it belongs to."""
        ready = self.ready(begin, work)
        if ready is None:
            return []
        choices = [(day, shift, start) for start, _, day, shift in runs if start >= ready]
        earlier = [run for run in runs if run[0] < ready]
        if earlier and earlier[-1][1] >= begin:
            choices.insert(0, (earlier[-1][2], earlier[-1][3], begin))
        return choices


def brought_by_courier(service: Service, event: Event, clock: Film) -> bool:
    """Whether a SAME_DAY service brings it on its day, in a window, to a place where `clock` runs."""
    if event.day.isoweekday() not in service.delivery_days or event.day in service.closed_dates:
        return False
    shown = clock.shown[(event.pickup + MINUTE * service.courier_minutes - clock.begin) // MINUTE]
    if shown.date() != event.day:
        return False
    of_day = shown.hour * 60 + shown.minute
    return not service.windows or any(
        shown.isoweekday() in window.days and window.from_minute <= of_day < window.to_minute
        for window in service.windows
    )


def delivery(delivery_days: frozenset[int], closed: frozenset[date], ship_day: date, business_days: int) -> date | None:
    """The day on which a parcel arrives: so many delivery days later; None if a year brings none."""
    day, left = ship_day, business_days
    for _ in range(366 if business_days == 0 else 367):
        delivers = day.isoweekday() in delivery_days and day not in closed
        if day > ship_day and delivers and left > 0:
            left -= 1
        if delivers and left == 0 and (day > ship_day or business_days == 0):
            return day
        day += timedelta(days=1)
    return None
