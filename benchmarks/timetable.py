"""How long a timetable takes to compile and how big it is: ``python -m benchmarks.timetable --help``.

No two nodes have the same calendar, and nearly no two lanes the same rounds, so nothing can be shared. Then what an
order asks of it: the first departure of every lane, and the days on which it arrives.
"""

import argparse
import gc
import random
import tracemalloc
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, Final

import numpy as np

from benchmarks import report
from sourcier.domain.network import (
    CapacityMeasure,
    DayException,
    Hours,
    Method,
    Network,
    Node,
    NodeCalendar,
    NodeType,
    Round,
    Service,
    Shift,
    TransitBand,
    TransitShare,
)
from sourcier.domain.place import GeoPoint
from sourcier.engine.compile import compile_network
from sourcier.engine.timetable import Timetable, compile_timetable

FIRST_DAY: Final = date(2026, 10, 1)  # the clocks change in the fourth week
ZONES: Final = ("Europe/Paris", "Europe/London", "Europe/Athens", "Atlantic/Canary")
WEEK: Final = frozenset(range(1, 7))
MIB: Final = 2**20
RUNS: Final = 5
SECONDS_AIM: Final = "<= 2"  # of 2,000 nodes, 6 services, 60 days
MIB_AIM: Final = "<= 300"


def service(number: int, of: int) -> Service:
    """The last one is a courier; the others take measured days."""
    courier = number == of - 1
    shares = (TransitShare(business_days=1, share_bp=7_000), TransitShare(business_days=2, share_bp=3_000))
    return Service(
        service_id=f"s{number}",
        method=Method.SAME_DAY if courier else Method.HOME_DELIVERY,
        transit=(TransitBand(max_distance_m=None, business_days=1 + number % 3, distribution=shares),),
        delivery_days=WEEK,
        closed_dates=frozenset({date(2026, 11, 1), date(2026, 11, 11)}),
        windows=(Hours(days=WEEK, from_minute=600, to_minute=1_260),) if courier else (),
        courier_minutes=75 if courier else 0,
    )


def node(rng: random.Random, number: int, services: tuple[Service, ...]) -> Node:
    """Hours by weekday and Saturday, holidays, two exceptional days; the minutes make every calendar its own."""
    opens, closes = rng.randint(360, 540), rng.randint(1_020, 1_320)
    weekdays = Hours(days=frozenset(range(1, 6)), from_minute=opens, to_minute=closes)
    saturday = Hours(days=frozenset({6}), from_minute=opens + 60, to_minute=780 + number % 240)
    days = rng.sample(range(60), 6)
    return Node(
        node_id=f"node-{number:04}",
        node_type=NodeType.STORE,
        point=GeoPoint(lat_e6=0, lon_e6=0),
        time_zone=rng.choice(ZONES),
        calendar=NodeCalendar(
            working_days=WEEK,
            cut_off_minute=closes - 60,
            processing_minutes=rng.randint(15, 180),
            closed_dates=frozenset(FIRST_DAY + timedelta(days=d) for d in days[:4]),
            picking_hours=(weekdays, saturday),
            opening_hours=(weekdays, saturday),
            exceptions=tuple(
                DayException(day=FIRST_DAY + timedelta(days=d), picking=((opens, 720),), opening=((720, closes),))
                for d in days[4:]
            ),
            processing_seconds_per_unit=rng.randint(10, 60),
            backlog_minutes=rng.randint(0, 60),
        ),
        services=tuple(one.service_id for one in services),
        rounds=tuple(entry for one in services for entry in rounds(rng, one)),
        shifts=tuple(
            Shift(shift_id=name, from_minute=begin, to_minute=end, measure=CapacityMeasure.UNITS, limit=400)
            for name, begin, end in (("early", opens, 800), ("late", 800, closes))
        ),
    )


def rounds(rng: random.Random, service: Service) -> list[Round]:
    """A courier comes every hour; of the carriers some come at noon and in the evening, some once, some at no hour."""
    if service.method is Method.SAME_DAY:
        first = rng.randint(540, 660)
        return [
            Round(
                service_id=service.service_id,
                days=WEEK,
                pickup_minute=first,
                every_minutes=60,
                last_pickup_minute=first + 540,
                parcels=8,
            )
        ]
    minutes = rng.choice([[], [rng.randint(900, 1_200)], [rng.randint(660, 780), rng.randint(960, 1_200)]])
    return [
        Round(service_id=service.service_id, days=WEEK, pickup_minute=minute, cut_off_minute=minute - 45, parcels=200)
        for minute in minutes
    ]


def network(num_nodes: int, num_services: int) -> Network:
    """Every service collects at every node."""
    rng = random.Random(f"timetable {num_nodes} {num_services}")
    services = tuple(service(i, num_services) for i in range(num_services))
    nodes = tuple(node(rng, i, services) for i in range(num_nodes))
    return Network(currency_code="EUR", time_zone=ZONES[0], nodes=nodes, services=services)


def asked(table: Timetable, times: int) -> float:
    """CPU milliseconds, median, of one order's question for every lane."""
    nodes, services = table.schedule.shape
    lane, kind = (axis.ravel() for axis in np.indices((nodes, services)))
    distance = np.full(len(lane), 100_000)
    work = table.work(3)[lane]
    spent = []
    for number in range(times):
        placed = table.placed(datetime.combine(FIRST_DAY, time(9), UTC) + timedelta(seconds=977 * number))
        start = process_time()
        schedule = table.schedules(ZONES[0])[lane, kind].astype(np.int64)
        begin = np.full(len(lane), placed)
        at = table.first_round(schedule, placed, begin, table.done(lane, begin, work))
        row = table.transit.rows(lane, kind, distance, "")
        table.transit.arrivals(row, table.rounds.day[at].astype(np.int64), 9_000)
        spent.append(1_000 * (process_time() - start))
    return median(spent)


def measure(num_nodes: int, num_services: int, days: int) -> dict[str, Any]:
    """Seconds of compiling, MiB that are kept and the most that was needed meanwhile, milliseconds of a question."""
    compiled = compile_network(network(num_nodes, num_services))
    compile_timetable(compiled, FIRST_DAY - timedelta(days=1), 1)
    seconds, cpu_seconds = [], []
    for day in range(RUNS):
        # Another first day each time, so that nothing is found that an earlier run kept.
        start, cpu_start = perf_counter(), process_time()
        table = compile_timetable(compiled, FIRST_DAY + timedelta(days=day), days)
        seconds.append(perf_counter() - start)
        cpu_seconds.append(process_time() - cpu_start)
        del table
    gc.collect()
    tracemalloc.start()
    table = compile_timetable(compiled, FIRST_DAY, days)
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        "nodes": num_nodes,
        "services": num_services,
        "days": days,
        "calendars": len(compiled.calendars),
        "schedules": len(table.rounds.stop),
        "departures": len(table.rounds.pickup),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "mib_kept": round(kept / MIB, 1),
        "mib_most": round(most / MIB, 1),
        "question_cpu_ms": round(asked(table, 50), 3),
    }


def reported(figures: dict[str, Any]) -> list[report.Row]:
    """The rows of one measurement."""
    size = figures["nodes"], figures["services"], figures["days"]
    name = "{} nodes x {} services x {} days".format(*size)
    aimed = size == (2_000, 6, 60)
    return [
        report.row(f"{name}: compile", figures["seconds"], "s", aim=SECONDS_AIM if aimed else None),
        report.row(f"{name}: compile, CPU", figures["cpu_seconds"], "CPU s"),
        report.row(f"{name}: most memory meanwhile", figures["mib_most"], "MiB", aim=MIB_AIM if aimed else None),
        report.row(f"{name}: memory kept", figures["mib_kept"], "MiB"),
        report.row(f"{name}: an order's question for every lane", figures["question_cpu_ms"], "CPU ms"),
    ]


def main() -> None:
    """Measure and print; with --json also write it down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="+", default=[200, 2_000])
    parser.add_argument("--services", type=int, default=6)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    given = parser.parse_args()
    figures = [measure(nodes, given.services, given.days) for nodes in given.nodes]
    for row in figures:
        print(row)
    if given.json:
        report.write(given.json, "timetable", [found for row in figures for found in reported(row)], details=figures)


if __name__ == "__main__":
    main()
