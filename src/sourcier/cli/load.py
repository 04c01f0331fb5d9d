"""``sourcier load``: a network, rule sets, stock and dated supply into a running server."""

import json as json_format
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sourcier.cli.exits import REFUSED
from sourcier.cli.files import read_network, read_rules
from sourcier.cli.options import SERVER_DEFAULT, Json, Server

if TYPE_CHECKING:
    from sourcier.client import Client
    from sourcier.domain.network import Network
    from sourcier.domain.stock import StockRecord
    from sourcier.domain.supply import SupplyRecord
    from sourcier.loading import Sent

NetworkFile = Annotated[
    Path | None, typer.Option("--network", metavar="FILE", help="Replace the network by this one (YAML).")
]
RuleSetFile = Annotated[
    Path | None, typer.Option("--rules", metavar="FILE", help="Store this rule set (YAML) and put it in force.")
]
StockFiles = Annotated[
    list[Path] | None,
    typer.Option("--stock", metavar="FILE", help="Send these stock records. Can be given several times."),
]
SupplyFiles = Annotated[
    list[Path] | None,
    typer.Option("--supply", metavar="FILE", help="Send these records of dated supply. Can be given several times."),
]


def load(
    network: NetworkFile = None,
    rules: RuleSetFile = None,
    stock: StockFiles = None,
    supply: SupplyFiles = None,
    source: Annotated[str, typer.Option(help="Whose stock and supply records these are, such as wms-east.")] = "",
    comment: Annotated[str, typer.Option(help="What to remember about the rule set.")] = "",
    server: Server = SERVER_DEFAULT,
    json: Json = False,
) -> None:
    """Load a network, a rule set, stock and dated supply into a running server, in this order.

    Every file is checked to its end before anything is sent. Sending the same files again does no harm.
    """
    from sourcier.cli.calls import call, tell
    from sourcier.domain.errors import Refusal

    if network is None and rules is None and not stock and not supply:
        raise typer.BadParameter("name at least one of --network, --rules, --stock and --supply")
    if (stock or supply) and not source:
        raise typer.BadParameter("stock and supply need the name of their source", param_hint="--source")
    try:
        beside = None if network is None else read_network(network)
        work = _Work(
            network=beside,
            rule_set=None if rules is None else _read_rules(rules, beside),
            comment=comment,
            stock=tuple((path, _count_stock(path)) for path in stock or ()),
            supply=tuple((path, _count_supply(path)) for path in supply or ()),
            source=source,
        )
    except Refusal as refusal:
        raise typer.Exit(tell(refusal, json=json, doing="nothing was sent")) from refusal
    report = call(server, lambda client: _send(client, work), json=json)
    if json:
        typer.echo(json_format.dumps(report))
    else:
        _tell(report)
    if any(entry["troubles"] for entry in (*report["stock"], *report["supply"])):
        raise typer.Exit(REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What to send: files that were read to their end and found good. `rule_set` is its id and its text."""

    network: "Network | None"
    rule_set: tuple[str, str] | None
    comment: str
    stock: tuple[tuple[Path, int], ...]
    supply: tuple[tuple[Path, int], ...]
    source: str


async def _send(client: "Client", work: _Work) -> dict[str, Any]:
    """Send everything; what came of it."""
    from sourcier.loading import load_network, load_rule_set

    report: dict[str, Any] = {"network_revision": None, "warnings": [], "rule_set_revision": None}
    report |= {"stock": [], "supply": []}
    if work.network is not None:
        network = await load_network(client, work.network)
        report["network_revision"] = network.revision
        if work.rule_set is None:  # else they would be about rules that are about to go
            report["warnings"] = [f"{warning.place}: {warning.description}" for warning in network.warnings]
    if work.rule_set is not None:
        report["rule_set_revision"] = (await load_rule_set(client, *work.rule_set, work.comment)).name
    for path, num_records in work.stock:
        report["stock"].append(await _send_stock(client, work.source, path, num_records))
    for path, num_records in work.supply:
        report["supply"].append(await _send_supply(client, work.source, path, num_records))
    return report


async def _send_stock(client: "Client", source: str, path: Path, num_records: int) -> dict[str, Any]:
    from sourcier.inputs.stock import read_stock
    from sourcier.loading import load_stock

    with _progress(path, num_records) as advance:
        return _feed_report(path, await load_stock(client, source, read_stock(path), advance))


async def _send_supply(client: "Client", source: str, path: Path, num_records: int) -> dict[str, Any]:
    from sourcier.inputs.supply import read_supply
    from sourcier.loading import load_supply

    with _progress(path, num_records) as advance:
        return _feed_report(path, await load_supply(client, source, read_supply(path), advance))


@contextmanager
def _progress(path: Path, num_records: int) -> Iterator[Callable[[int], None]]:
    """A bar for the records of a file; it hears how many more were answered."""
    from sourcier.terminal.consoles import progress

    with progress() as bars:
        bar = bars.add_task(path.name, total=num_records)
        yield lambda more: bars.advance(bar, more)


def _feed_report(path: Path, sent: "Sent[StockRecord] | Sent[SupplyRecord]") -> dict[str, Any]:
    return {
        "file": str(path),
        "verdicts": {verdict.value: count for verdict, count in sent.verdicts.items() if count},
        "troubles": sent.num_troubled,
        "examples": [
            {"node_id": record.node_id, "sku": record.sku, "seq": record.seq, "verdict": verdict, "reason": reason}
            for record, verdict, reason in sent.troubles
        ],
    }


def _read_rules(path: Path, network: "Network | None") -> tuple[str, str]:
    """The rule set's id and its text; a network that is loaded with it must have what it names."""
    from sourcier.service.refusals import rule_set_mismatch
    from sourcier.service.rule_texts import mismatched

    rule_set, text = read_rules(path)
    if network is not None and (found := mismatched(text, str(path), network)):
        raise rule_set_mismatch(str(path), found)
    return rule_set.rule_set_id, text


def _count_stock(path: Path) -> int:
    from sourcier.inputs.stock import read_stock

    return sum(1 for _ in read_stock(path))


def _count_supply(path: Path) -> int:
    from sourcier.inputs.supply import read_supply

    return sum(1 for _ in read_supply(path))


def _tell(report: dict[str, Any]) -> None:
    if report["network_revision"] is not None:
        typer.echo(f"network: revision {report['network_revision']}")
    for warning in report["warnings"]:
        typer.echo(f"  warning: {warning}")
    if report["rule_set_revision"] is not None:
        typer.echo(f"rules: {report['rule_set_revision']} is in force")
    for entry in (*report["stock"], *report["supply"]):
        verdicts = ", ".join(f"{count:,} {verdict.lower()}" for verdict, count in entry["verdicts"].items())
        typer.echo(f"{entry['file']}: {verdicts or 'no records'}")
        for trouble in entry["examples"]:
            place = f"{trouble['node_id']} {trouble['sku']} seq {trouble['seq']}"
            typer.echo(f"  {place}: {trouble['verdict']} {trouble['reason']}")
        if entry["troubles"] > len(entry["examples"]):
            typer.echo(f"  and {entry['troubles'] - len(entry['examples']):,} more")
