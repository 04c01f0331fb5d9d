"""A network that uses every field there is, for tests to send or to spoil."""

from google.type.date_pb2 import Date
from tests.rpc import messages
from tests.rpc.messages import new_id

from sourcier.v1 import common_pb2
from sourcier.v1 import network_pb2 as pb

WEEK = [1, 2, 3, 4, 5]
ALWAYS = [1, 2, 3, 4, 5, 6, 7]
CHRISTMAS_EVE = Date(year=2026, month=12, day=24)
STOCKTAKING = Date(year=2027, month=1, day=4)


def span(from_minute: int, to_minute: int) -> common_pb2.TimeSpan:
    return common_pb2.TimeSpan(from_minute=from_minute, to_minute=to_minute)


def hours(from_minute: int = 480, to_minute: int = 1_080, days: list[int] | None = None) -> pb.Hours:
    return pb.Hours(days=days or WEEK, from_minute=from_minute, to_minute=to_minute)  # type: ignore[arg-type]


def shares(*pairs: tuple[int, int]) -> list[pb.TransitShare]:
    return [pb.TransitShare(business_days=days, share_bp=share) for days, share in pairs]


def calendar() -> pb.NodeCalendar:
    return pb.NodeCalendar(
        working_days=ALWAYS,
        cut_off_minute=900,
        processing_minutes=30,
        closed_dates=[Date(year=2026, month=12, day=25)],
        picking_hours=[hours(360, 720), hours(780, 1_320)],
        opening_hours=[hours(600, 1_200, [*WEEK, 6])],
        exceptions=[
            pb.DayException(day=CHRISTMAS_EVE, picking=[span(360, 720)], opening=[span(600, 720), span(780, 840)]),
            pb.DayException(day=STOCKTAKING),
        ],
        holidays="DE-BE",
        processing_seconds_per_unit=20,
        backlog_minutes=45,
    )


def rounds() -> list[pb.Round]:
    return [
        pb.Round(service_id="ground", days=WEEK, pickup_minute=1_020, cut_off_minute=960, parcels=400),
        pb.Round(service_id="courier", days=[*WEEK, 6], pickup_minute=600, every_minutes=60, last_pickup_minute=1_080),
    ]


def shift(shift_id: str = "day", from_minute: int = 360, to_minute: int = 1_320) -> pb.Shift:
    return pb.Shift(
        shift_id=shift_id,
        from_minute=from_minute,
        to_minute=to_minute,
        measure=pb.CAPACITY_MEASURE_LINES,
        limit=2_000,
    )


def node() -> pb.Node:
    message = messages.node()
    message.calendar.CopyFrom(calendar())
    message.services[:] = ["ground", "courier", "feeder"]
    message.rounds.extend(rounds())
    message.shifts.extend([shift(), shift("night", 1_320, 1_800)])
    return message


def store() -> pb.Node:
    message = messages.node("store", 52.5)
    message.node_type = pb.NODE_TYPE_STORE
    message.services[:] = ["counter", "ground"]
    return message


def service(service_id: str, method: common_pb2.Method) -> pb.Service:
    return pb.Service(service_id=service_id, method=method, delivery_days=ALWAYS)  # type: ignore[arg-type]


def services() -> list[pb.Service]:
    ground = messages.service()
    ground.transit[1].distribution.extend(shares((3, 6_000), (4, 3_500), (7, 500)))
    ground.holidays = "DE"
    ground.windows.append(hours(480, 1_200, [*WEEK, 6]))
    ground.zone_transit.extend(
        [
            pb.ZoneTransit(zone_id="islands", business_days=5, delivery_days=[2, 4]),
            pb.ZoneTransit(zone_id="islands", business_days=6, node_ids=["near"], distribution=shares((6, 10_000))),
        ]
    )
    ground.co2_g_per_shipment, ground.co2_mg_per_kg_km = 300, 90
    courier = service("courier", common_pb2.METHOD_SAME_DAY)
    courier.transit.add(max_distance_m=15_000)
    courier.courier_minutes = 90
    counter = service("counter", common_pb2.METHOD_CLICK_AND_COLLECT)
    feeder = service("feeder", common_pb2.METHOD_SHIP_TO_STORE)
    feeder.transit.add(business_days=1)
    feeder.collect_minutes = 120
    return [ground, courier, counter, feeder]


def postal_range(low: str = "18565", high: str = "18565", country_code: str = "DE") -> pb.PostalRange:
    return pb.PostalRange(country_code=country_code, low=low, high=high)


def zone(zone_id: str = "islands", *ranges: pb.PostalRange) -> pb.Zone:
    return pb.Zone(zone_id=zone_id, ranges=ranges or (postal_range(), postal_range("27498", "27499")))


def network() -> pb.Network:
    message = messages.network()
    del message.nodes[:], message.services[:]
    message.nodes.extend([node(), store()])
    message.services.extend(services())
    message.zones.extend([zone(), zone("city", postal_range("101", "109"))])
    message.transfer_lanes.add(from_node_id="near", to_node_id="store", service_id="feeder")
    return message


def apply_network() -> pb.ApplyNetworkRequest:
    return pb.ApplyNetworkRequest(network=network(), request_id=new_id())
