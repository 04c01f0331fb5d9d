"""The servers under load: the real one, filled with the made-up retailer, and the echo; both as child processes."""

import argparse
import pickle
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from benchmarks import shop
from benchmarks.children import Running, child, serving
from benchmarks.load.asked import NODES
from benchmarks.postgres import postgres
from benchmarks.profiling import sampled_environment
from sourcier.client import Client
from sourcier.domain.stock import RecordKind, StockRecord, Verdict
from sourcier.domain.supply import SupplyRecord
from sourcier.loading import load_network, load_rule_set, load_stock, load_supply

RULES = Path(__file__).with_name("rules.yaml")
SOURCE = "benchmark"
TITLES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@asynccontextmanager
async def product(
    database_url: str, folder: Path, options: tuple[str, ...] = (), *, times: int = 1, samples: Path | None = None
) -> AsyncIterator[Running]:
    """`sourcier serve` on an empty database, filled with the made-up retailer and so many times its stock.

    With `samples` its processes leave there where their time goes (`benchmarks.profiling.between`); it is for no
    figures then.
    """
    environment = {} if samples is None else sampled_environment(samples)
    async with serving(database_url, folder / "server.log", options, environment) as running:
        async with Client(running.target) as client:
            await fill(client, times)
        yield running


@asynccontextmanager
async def echo(answers: dict[str, bytes], folder: Path, *, guarded: bool) -> AsyncIterator[Running]:
    """The server that does no work, with these answers."""
    kept = folder / "answers.pickle"
    kept.write_bytes(pickle.dumps(answers))
    arguments = ("-m", "benchmarks.load.echo", str(kept), *(("--guard",) if guarded else ()))
    async with child(arguments, folder / f"echo-{guarded}.log", {}) as running:
        yield running


async def fill(client: Client, times: int) -> None:
    """Network, rules, stock and dated supply of the made-up retailer."""
    network = shop.network(NODES)
    await load_network(client, network)
    await load_rule_set(client, "benchmark", RULES.read_text(encoding="utf-8"), "benchmark")
    stock = [
        StockRecord(
            kind=RecordKind.COUNT,
            node_id=row.node_id,
            sku=row.sku,
            quantity=times * row.on_hand,
            epoch=1,
            seq=1,
        )
        for row in shop.stock(network.nodes)
    ]
    for sent in (
        await load_stock(client, SOURCE, stock, lambda _: None),
        await load_supply(client, SOURCE, supply_records(), lambda _: None),
    ):
        if set(sent.verdicts) != {Verdict.APPLIED}:
            raise RuntimeError(f"not everything was taken in: {dict(sent.verdicts)} {sent.troubles[:3]}")


def supply_records() -> Iterator[SupplyRecord]:
    """Every purchase order as its source tells it."""
    for row in shop.supply(shop.network(NODES).nodes):
        yield SupplyRecord(
            supply_id=row.supply_id,
            kind=row.kind,
            node_id=row.node_id,
            sku=row.sku,
            quantity=row.usable,
            expected_on=row.expected_on,
            epoch=1,
            seq=1,
        )


def title(database_name: str) -> str:
    """How figures call a database; a URL is called what it is."""
    return TITLES.get(database_name, database_name)


def server_parser(description: str) -> argparse.ArgumentParser:
    """The options of a command that loads one server: its `database`, how it is to `serve`, the file for `json`."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql, or the URL of an empty database")
    parser.add_argument(
        "--serve", type=_words, default=(), help='further options of `sourcier serve`, such as "--workers 2"'
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    return parser


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@contextmanager
def empty_database(name: str) -> Iterator[tuple[str, Path]]:
    """What `database` gives, and a folder that lasts as long."""
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        with database(name, folder) as url:
            yield url, folder


@contextmanager
def database(name: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database: ``sqlite``, ``postgresql`` from its wheel, or a URL as it is."""
    if name == "sqlite":
        yield f"sqlite:///{folder}/ledger.db"
    elif name == "postgresql":
        with postgres(folder / "pg") as server:
            yield server.get_uri()
    else:
        yield name
