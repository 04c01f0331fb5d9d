"""What must fit together in a network, beyond the range of each single field.

The readers of files and of requests check single values; `faults` compares them with each other. It wants a network of
the right shape, but stays silent about what a reader found unfit and replaced by an empty value. Names of holiday
calendars are checked by `inputs.holidays`, which knows them.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from sourcier.domain.calendar_checks import Found, closed_run, fault, hour_faults, node_faults
from sourcier.domain.errors import Violation
from sourcier.domain.limits import TRANSIT_DAYS_MAX
from sourcier.domain.network import Method, Network, Node, Service, TransferLane, TransitShare, Zone

WHOLE_BP: Final = 10_000  # basis points of all


def faults(network: Network) -> list[Violation]:
    """Every fault, by the path of its field, such as ``nodes[3].rounds[1].service_id``; none: the network is sound.

    Of two entries that do not fit together the later one is named.
    """
    services = {service.service_id: service for service in network.services}
    nodes = {node.node_id: node for node in network.nodes}
    zones = frozenset(zone.zone_id for zone in network.zones)
    found = [*_twice("nodes[{}].node_id", "a node", [node.node_id for node in network.nodes])]
    found += _twice("services[{}].service_id", "a service", [service.service_id for service in network.services])
    areas = [f"{area.country_code} {area.prefix}" if area.prefix else "" for area in network.postal_areas]
    found += _twice("postal_areas[{}].prefix", "a postal area", areas)
    for i, node in enumerate(network.nodes):
        found += _services(f"nodes[{i}].services", node, services)
        found += node_faults(f"nodes[{i}]", node, services)
    for i, service in enumerate(network.services):
        found += _service(f"services[{i}]", service, nodes, zones)
    return [*found, *_zones(network.zones), *_transfer_lanes(network.transfer_lanes, nodes, services)]


def _twice(path: str, what: str, names: Sequence[str]) -> Found:
    if len(set(names)) == len(names):
        return
    seen: set[str] = set()
    for i, name in enumerate(names):
        if name and name in seen:
            yield fault(path.format(i), f"{name!r} is {what} of this network already")
        seen.add(name)


def _services(path: str, node: Node, services: dict[str, Service]) -> Found:
    if services and "" not in services and not services.keys() >= set(node.services):
        for k, service_id in enumerate(node.services):
            if service_id not in services:
                yield fault(f"{path}[{k}]", f"{service_id!r} is not a service of this network")


def _service(path: str, service: Service, nodes: dict[str, Node], zones: frozenset[str]) -> Found:
    for k, band in enumerate(service.transit):
        yield from _distribution(f"{path}.transit[{k}].distribution", band.distribution)
    yield from _zone_transit(path, service, nodes, zones)
    yield from hour_faults(f"{path}.windows", service.windows)
    if service.method is not Method.CLICK_AND_COLLECT and not service.transit and not service.zone_transit:
        yield fault(f"{path}.transit", "must have a band, unless zone_transit has an entry")
    if service.delivery_days and (closed := closed_run(service.delivery_days, service.closed_dates)):
        yield fault(f"{path}.delivery_days", f"never delivers: {closed}")
    delivers = service.delivery_days.union(*(entry.delivery_days or () for entry in service.zone_transit))
    opens = frozenset[int]().union(*(entry.days for entry in service.windows))
    if opens and delivers and not opens & delivers:
        yield fault(f"{path}.windows", "never opens: none of these days is a delivery day")
    if service.courier_minutes and service.method is not Method.SAME_DAY:
        yield fault(f"{path}.courier_minutes", "only a same-day service has them")
    if service.collect_minutes and service.method is not Method.SHIP_TO_STORE:
        yield fault(f"{path}.collect_minutes", "only a ship-to-store service has them")


def _distribution(path: str, shares: Sequence[TransitShare]) -> Found:
    for k, share in enumerate(shares):
        if not 0 <= share.business_days <= TRANSIT_DAYS_MAX:
            yield fault(f"{path}[{k}].business_days", f"must be 0 to {TRANSIT_DAYS_MAX}, not {share.business_days}")
        if not 0 < share.share_bp <= WHOLE_BP:
            yield fault(f"{path}[{k}].share_bp", "a share must be more than 0 % and at most 100 %")
        if k and share.business_days <= shares[k - 1].business_days:
            yield fault(f"{path}[{k}].business_days", "must be more days than the entry before it")
    total = sum(share.share_bp for share in shares)
    if shares and total != WHOLE_BP:
        yield fault(path, f"the shares must be 100 % in all, not {total / 100:g} %")


def _zone_transit(path: str, service: Service, nodes: dict[str, Node], zones: frozenset[str]) -> Found:
    everywhere: set[str] = set()
    from_node: set[tuple[str, str]] = set()
    for k, entry in enumerate(service.zone_transit):
        here = f"{path}.zone_transit[{k}]"
        yield from _distribution(f"{here}.distribution", entry.distribution)
        if entry.zone_id and entry.zone_id not in zones and "" not in zones:
            yield fault(f"{here}.zone_id", f"{entry.zone_id!r} is not a zone of this network")
        if entry.delivery_days is not None and not entry.delivery_days:
            yield fault(f"{here}.delivery_days", "never delivers: must name at least one day")
        elif entry.delivery_days is not None and service.method is Method.SAME_DAY:
            yield fault(f"{here}.delivery_days", "a same-day service delivers on the same days everywhere")
        for node_id in sorted(entry.node_ids):
            node = nodes.get(node_id)
            if node is None and "" not in nodes:
                yield fault(f"{here}.node_ids", f"{node_id!r} is not a node of this network")
            elif node is not None and service.service_id and service.service_id not in node.services:
                yield fault(f"{here}.node_ids", f"{service.service_id!r} does not collect at {node_id!r}")
            if (entry.zone_id, node_id) in from_node:
                yield fault(f"{here}.zone_id", f"{entry.zone_id!r} has an entry for {node_id!r} already")
            from_node.add((entry.zone_id, node_id))
        if not entry.node_ids:
            if entry.zone_id and entry.zone_id in everywhere:
                yield fault(f"{here}.zone_id", f"{entry.zone_id!r} has an entry for all nodes already")
            everywhere.add(entry.zone_id)


def _zones(zones: Sequence[Zone]) -> Found:
    seen: set[str] = set()
    for i, zone in enumerate(zones):
        if zone.zone_id and zone.zone_id in seen:
            yield fault(f"zones[{i}].zone_id", f"{zone.zone_id!r} is a zone of this network already")
        seen.add(zone.zone_id)
        if not zone.ranges:
            yield fault(f"zones[{i}].ranges", "must have at least one entry")
        for k, entry in enumerate(zone.ranges):
            if len(entry.low) != len(entry.high):
                told = f"{entry.low!r} and {entry.high!r} must have the same number of characters"
                yield fault(f"zones[{i}].ranges[{k}]", told)
            elif entry.high < entry.low:
                yield fault(f"zones[{i}].ranges[{k}]", f"{entry.high!r} must not come before {entry.low!r}")
    yield from _overlaps(zones)


def _overlaps(zones: Sequence[Zone]) -> Found:
    """Ranges of two zones that share a postal code; what comes later in the network is named.

    A range holds every code between `low` and the last text that begins with `high`, so ranges sorted by `low` meet
    exactly when the next one begins before the end of one that came before. Of those only the two zones that reach
    furthest matter.
    """
    # (country, low, end, zone, range), by country and low
    spans = sorted(
        (entry.country_code, entry.low, f"{entry.high}\uffff", i, k)
        for i, zone in enumerate(zones)
        for k, entry in enumerate(zone.ranges)
        if entry.low and len(entry.low) == len(entry.high)
    )
    furthest: list[tuple[str, str, str, int, int]] = []  # at most two, of two zones, the furthest first
    for span in spans:
        country, low, _, i, k = span
        for other in furthest:
            if other[3] != i and other[0] == country and low <= other[2]:
                (zone, at), (first, first_at) = sorted([(i, k), (other[3], other[4])], reverse=True)
                met = zones[first].ranges[first_at]
                codes = met.low if met.low == met.high else f"{met.low} to {met.high}"
                told = f"overlaps {country} {codes} of zone {zones[first].zone_id!r}"
                yield fault(f"zones[{zone}].ranges[{at}]", told)
                break
        by_end = sorted([*furthest, span], key=lambda one: (one[0], one[2]), reverse=True)
        second = next((one for one in by_end if one[3] != by_end[0][3]), None)
        furthest = by_end[:1] if second is None else [by_end[0], second]


def _transfer_lanes(lanes: Sequence[TransferLane], nodes: dict[str, Node], services: dict[str, Service]) -> Found:
    seen: set[TransferLane] = set()
    for k, lane in enumerate(lanes):
        path = f"transfer_lanes[{k}]"
        for name, node_id in (("from_node_id", lane.from_node_id), ("to_node_id", lane.to_node_id)):
            if node_id and node_id not in nodes and "" not in nodes:
                yield fault(f"{path}.{name}", f"{node_id!r} is not a node of this network")
        sender, service = nodes.get(lane.from_node_id), services.get(lane.service_id)
        if service and service.method is Method.CLICK_AND_COLLECT:
            yield fault(f"{path}.service_id", f"{lane.service_id!r} is collected by the customer and does not travel")
        elif sender and lane.service_id and lane.service_id not in sender.services:
            yield fault(f"{path}.service_id", f"{lane.service_id!r} does not collect at {lane.from_node_id!r}")
        if lane in seen:
            yield fault(path, "is given twice")
        seen.add(lane)
    for *way, last in _cycles(lanes):
        names = [lanes[k].from_node_id for k in (last, *way, last)]
        yield fault(f"transfer_lanes[{last}]", f"closes a cycle: {' > '.join(names)}")


def _cycles(lanes: Sequence[TransferLane]) -> Iterator[list[int]]:
    """Cycles as lane indices in their order; without the last lanes of all of them there is no cycle.

    A walk in depth that takes every lane once: a lane that ends on the way walked so far closes a cycle.
    """
    leaving: dict[str, list[int]] = {}
    for k, lane in enumerate(lanes):
        if lane.from_node_id and lane.to_node_id:
            leaving.setdefault(lane.from_node_id, []).append(k)
    done: set[str] = set()
    for start in leaving:
        way: list[int] = []  # the lanes walked
        nodes = [start]  # the nodes on that way
        depth = {start: 0}  # how many lanes lead to each of them
        stack = [iter(leaving[start])] if start not in done else []
        while stack:
            k = next(stack[-1], -1)
            if k < 0:
                stack.pop()
                del way[-1:], depth[nodes[-1]]
                done.add(nodes.pop())
            elif (node := lanes[k].to_node_id) in depth:
                yield [*way[depth[node] :], k]
            elif node not in done:
                way.append(k)
                nodes.append(node)
                depth[node] = len(way)
                stack.append(iter(leaving.get(node, ())))
