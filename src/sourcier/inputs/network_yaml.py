"""Reads a network from YAML, its postal areas and zones from there or CSV tables beside it: all faults at once.

`network_keys.NETWORK_KEYS` is the whole language.
"""

from pathlib import Path

from sourcier.domain import network_checks
from sourcier.domain.errors import Reason, Violation
from sourcier.domain.limits import NETWORK_BYTES_MAX, NODES_MAX, POSTAL_AREAS_MAX, TRANSFER_LANES_MAX
from sourcier.domain.network import Network, PostalArea, TransferLane
from sourcier.inputs import holidays, values, yaml_nodes
from sourcier.inputs.faults import Faults
from sourcier.inputs.fields import Fields, read_fields, read_scalar
from sourcier.inputs.network_keys import NETWORK_ADVICE, NETWORK_KEYS
from sourcier.inputs.node_yaml import read_nodes, read_point
from sourcier.inputs.postal_areas import read_postal_areas
from sourcier.inputs.service_yaml import read_services
from sourcier.inputs.spots import Spots
from sourcier.inputs.zones import read_zones


def parse_network(text: str, filename: str) -> Network:
    """The network in `text`. `postal_areas` and `zones` may name CSV files in the folder of `filename`.

    Raises
    ------
    Refusal
        NETWORK_INVALID with every fault as ``Violation(field="file:line:col")``.
    """
    faults = Faults(filename=filename, reason=Reason.NETWORK_INVALID, advice=NETWORK_ADVICE)
    root = yaml_nodes.compose(text, NETWORK_BYTES_MAX, faults)
    top = read_fields(root, "", NETWORK_KEYS[""], faults)
    folder = Path(filename).parent
    spots = Spots()
    time_zone = top.value("time_zone", values.time_zone, "UTC", required=True)
    services = read_services(top, spots)
    network = Network(
        currency_code=top.value("currency", values.currency_code, "", required=True),
        time_zone=time_zone,
        nodes=read_nodes(top, time_zone, tuple(service.service_id for service in services), spots),
        services=services,
        postal_areas=_postal_areas(top, time_zone, folder),
        zones=read_zones(top, folder, spots),
        transfer_lanes=_transfer_lanes(top, spots),
    )
    if not faults.full:
        spots.place(misfits(network), faults)
    faults.raise_if_any()
    return network


def misfits(network: Network) -> list[Violation]:
    """Everything that does not fit together, by the path of its field; none: decisions can be made on the network."""
    return [*network_checks.faults(network), *holidays.faults(network)]


def _postal_areas(top: Fields, time_zone: str, folder: Path) -> tuple[PostalArea, ...]:
    if top.text("postal_areas") is not None:
        return read_postal_areas(top, "postal_areas", folder, time_zone)
    seen: dict[tuple[str, str], int] = {}
    areas = []
    for entry in top.sections("postal_areas", NETWORK_KEYS["postal_areas[]"], POSTAL_AREAS_MAX):
        area = PostalArea(
            country_code=entry.value("country", values.country_code, "", required=True),
            prefix=entry.value("prefix", values.postal_code, "", required=True),
            point=read_point(entry),
            time_zone=entry.value("time_zone", values.time_zone, time_zone),
        )
        key = (area.country_code, area.prefix)
        if key in seen and all(key):
            entry.fault(f"{' '.join(key)} is given twice; the first is on line {seen[key]}")
        seen.setdefault(key, entry.mapping.line)
        areas.append(area)
    return tuple(areas)


def _transfer_lanes(top: Fields, spots: Spots) -> tuple[TransferLane, ...]:
    """One lane for each node under ``to``, which may be a list."""
    lanes: list[TransferLane] = []
    for entry in top.sections("transfer_lanes", NETWORK_KEYS["transfer_lanes[]"], TRANSFER_LANES_MAX):
        sender = entry.value("from", values.identifier, "", required=True)
        service = entry.value("service", values.name, "", required=True)
        for node, at in entry.one_or_more("to", NODES_MAX, required=True):
            receiver = read_scalar(node, at, values.identifier, entry.faults)
            path = f"transfer_lanes[{len(lanes)}]"
            spots.entry(path, entry)
            spots.value(f"{path}.to_node_id", node, at, entry.faults)
            lanes.append(TransferLane(from_node_id=sender, to_node_id=receiver or "", service_id=service))
    if len(lanes) > TRANSFER_LANES_MAX:
        top.fault(f"must be at most {TRANSFER_LANES_MAX} lanes, found {len(lanes)}", "transfer_lanes")
    return tuple(lanes)
