"""The network as people work in it: hours, carriers' rounds, shifts, public holidays, measured transit."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Final

from benchmarks.online_retail.network import MON_FRI, MON_SAT
from sourcier.domain.limits import TIMETABLE_DAYS
from sourcier.domain.network import (
    CapacityMeasure,
    DayException,
    Hours,
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
from sourcier.inputs.holidays import expand

HOLIDAYS: Final = "US"
WAREHOUSE_HOURS: Final = (6 * 60, 22 * 60)
STORE_HOURS: Final = (10 * 60, 19 * 60)
ORDERS_PER_SHIFT: Final = 10
STORE_PARCELS: Final = 3
TRANSIT_SHARES_BP: Final = (8_000, 1_500, 500)
"""Of all parcels on the day of the tariff's table, one day later and two days later."""


def clockwork(network: Network, seed: int, first: date, last: date) -> Network:
    """The network for orders from `first` to `last`, with public holidays among its closed dates."""
    days = (last - first).days
    nodes = tuple(
        _warehouse(node) if node.node_type is NodeType.WAREHOUSE else _store(node, seed, first, days)
        for node in network.nodes
    )
    services = tuple(_measured(service) for service in network.services)
    return expand(replace(network, nodes=nodes, services=services), first, days + 2 * TIMETABLE_DAYS)


def _warehouse(node: Node) -> Node:
    begin, end = WAREHOUSE_HOURS
    noon = (begin + end) // 2
    return replace(
        node,
        calendar=NodeCalendar(
            working_days=MON_FRI,
            cut_off_minute=20 * 60,
            processing_minutes=60,
            processing_seconds_per_unit=2,
            backlog_minutes=45,
            holidays=HOLIDAYS,
            picking_hours=(Hours(days=MON_FRI, from_minute=begin, to_minute=end),),
        ),
        rounds=(
            Round(service_id="standard", days=MON_FRI, pickup_minute=20 * 60, cut_off_minute=16 * 60),
            Round(service_id="express", days=MON_FRI, pickup_minute=14 * 60, cut_off_minute=11 * 60),
            Round(service_id="express", days=MON_FRI, pickup_minute=21 * 60, cut_off_minute=18 * 60),
        ),
        shifts=tuple(
            Shift(
                shift_id=name,
                from_minute=start,
                to_minute=stop,
                measure=CapacityMeasure.ORDERS,
                limit=ORDERS_PER_SHIFT,
            )
            for name, start, stop in (("early", begin, noon), ("late", noon, end))
        ),
    )


def _store(node: Node, seed: int, first: date, days: int) -> Node:
    begin, end = STORE_HOURS
    stocktaking = first + timedelta(days=Random(f"stocktaking {seed} {node.node_id}").randint(0, max(days, 1)))
    hours = (Hours(days=MON_SAT, from_minute=begin, to_minute=end),)
    return replace(
        node,
        calendar=NodeCalendar(
            working_days=MON_SAT,
            cut_off_minute=17 * 60,
            processing_minutes=120,
            processing_seconds_per_unit=30,
            holidays=HOLIDAYS,
            picking_hours=hours,
            opening_hours=hours,
            exceptions=(DayException(day=stocktaking),),
        ),
        rounds=(
            Round(service_id="standard", days=MON_SAT, pickup_minute=17 * 60, cut_off_minute=14 * 60),
            Round(
                service_id="express",
                days=MON_FRI,
                pickup_minute=18 * 60,
                cut_off_minute=15 * 60,
                parcels=STORE_PARCELS,
            ),
        ),
    )


def _measured(service: Service) -> Service:
    return replace(service, holidays=HOLIDAYS, transit=tuple(_distribution(band) for band in service.transit))


def _distribution(band: TransitBand) -> TransitBand:
    shares = tuple(
        TransitShare(business_days=band.business_days + late, share_bp=share)
        for late, share in enumerate(TRANSIT_SHARES_BP)
    )
    return replace(band, distribution=shares)
