"""Networks drawn at random in which calendars, rounds, shifts and capacities mean something; all of them are sound."""

from datetime import date, timedelta
from random import Random

from google.type.date_pb2 import Date
from tests.rpc import networks

from sourcier.v1 import network_pb2 as pb

FIRST_DAY = date(2026, 11, 20)
NUM_DAYS = 40
ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo")


def draw_day(rng: Random) -> Date:
    day = FIRST_DAY + timedelta(days=rng.randrange(NUM_DAYS))
    return Date(year=day.year, month=day.month, day=day.day)


def draw_weekdays(rng: Random) -> list[int]:
    return sorted(rng.sample(range(1, 8), rng.randrange(3, 8)))


def draw_span(rng: Random) -> tuple[int, int]:
    begin = rng.randrange(1_300)
    return begin, rng.randrange(begin + 30, 1_441)


def draw_network(rng: Random) -> pb.ApplyNetworkRequest:
    """The full network of `networks` with up to three nodes more, everyone's times and limits drawn anew."""
    request = networks.apply_network()
    network = request.network
    for number in range(rng.randrange(4)):
        node = network.nodes.add()
        node.CopyFrom(rng.choice((networks.node, networks.store))())
        node.name = f"nodes/x{number}"
        node.point.latitude = rng.uniform(48.0, 54.0)
        if "feeder" in node.services and rng.random() < 0.7:
            network.transfer_lanes.add(from_node_id=f"x{number}", to_node_id="store", service_id="feeder")
    for node in network.nodes:
        node.time_zone = rng.choice(ZONES)
        _draw_calendar(rng, node.calendar)
        _draw_rounds(rng, node)
        _draw_limits(rng, node)
    for service in network.services:
        service.delivery_days[:] = draw_weekdays(rng)  # type: ignore[list-item]
        service.holidays = rng.choice(("", "DE"))
        del service.windows[:]
        if rng.random() < 0.5:
            begin, end = draw_span(rng)
            service.windows.add(days=service.delivery_days, from_minute=begin, to_minute=end)
        for transit in service.zone_transit:
            del transit.delivery_days[:]
    return request


def _draw_calendar(rng: Random, calendar: pb.NodeCalendar) -> None:
    calendar.Clear()
    calendar.working_days.extend(draw_weekdays(rng))  # type: ignore[arg-type]
    calendar.cut_off_minute = rng.randrange(1_440)
    calendar.processing_minutes = rng.choice((0, 5, 60, 600))
    calendar.backlog_minutes = rng.choice((0, 0, 30, 400))
    calendar.processing_seconds_per_unit = rng.choice((0, 0, 20, 300))
    calendar.holidays = rng.choice(("", "DE", "FR"))
    for hours in (calendar.picking_hours, calendar.opening_hours):
        if rng.random() < 0.6:
            begin, end = draw_span(rng)
            hours.add(days=calendar.working_days, from_minute=begin, to_minute=end)
    for day in {draw_day(rng).SerializeToString() for _ in range(rng.randrange(4))}:
        exception = calendar.exceptions.add(day=Date.FromString(day))
        for spans in (exception.picking, exception.opening):
            if rng.random() < 0.5:
                begin, end = draw_span(rng)
                spans.add(from_minute=begin, to_minute=end)


def _draw_rounds(rng: Random, node: pb.Node) -> None:
    del node.rounds[:]
    for service_id in node.services:
        if service_id == "counter" or rng.random() < 0.4:
            continue
        entry = node.rounds.add(
            service_id=service_id, days=node.calendar.working_days, pickup_minute=rng.randrange(1_440)
        )
        if rng.random() < 0.5:
            entry.cut_off_minute = rng.randrange(entry.pickup_minute + 1)
        if rng.random() < 0.4:
            entry.every_minutes = rng.choice((30, 120))
            entry.last_pickup_minute = rng.randrange(entry.pickup_minute, 1_440)
        if rng.random() < 0.4:
            entry.parcels = rng.choice((0, 1, 3, 100))


def _draw_limits(rng: Random, node: pb.Node) -> None:
    measures = (pb.CAPACITY_MEASURE_ORDERS, pb.CAPACITY_MEASURE_LINES, pb.CAPACITY_MEASURE_UNITS)
    del node.shifts[:]
    for number in range(rng.choice((0, 0, 1, 2))):
        begin = rng.randrange(1_400)
        end = begin + rng.randrange(30, 1_440)
        shift = networks.shift(f"s{number}", begin, end)
        shift.measure, shift.limit = rng.choice(measures), rng.choice((0, 2, 10, 1_000))
        node.shifts.append(shift)
    node.ClearField("capacity")
    if rng.random() < 0.5:
        node.capacity.measure, node.capacity.per_day = rng.choice(measures), rng.choice((0, 1, 5, 1_000))
