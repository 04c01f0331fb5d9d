"""Stories as a merchandiser would tell them: a shop in YAML, and what is asked of it step by step.

::

    about: why the story is told, and the calendar from which its dates were worked out by hand
    drivers: [engine, server]        # both, unless the story is about something that only a server does
    network: {...}                   # the network file's own language, docs/reference/network.md
    rules: {...}                     # the rule set's own language, docs/reference/rules.md
    articles: {tea: {price: 4.99, grams: 250}}
    stock: {warehouse: {tea: 5}}
    supply: [{supply: PO-1, kind: purchase_order, node: warehouse, sku: tea, quantity: 9, expected_on: 2026-10-14}]
    steps:
      - at: 2026-05-22 15:59         # local time of the network, unless an offset such as +01:00 follows
        promise: {to: "75011", lines: {tea: 1}}
        expect: {options: [{service: standard, latest: 2026-05-26}]}

A step does one of STEPS. What it expects names every option, refused service or shipment, in order; of each, the keys
that the story is about. Dates are days, instants like `at`, money as in rule sets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from sourcier.domain.network import Method, Network
from sourcier.domain.order import Cart, Line
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.stock import RecordKind, StockRecord
from sourcier.domain.supply import SupplyKind, SupplyRecord
from sourcier.inputs.network_yaml import parse_network

FOLDER = Path(__file__).with_name("stories")
DRIVERS = ("engine", "server")
STEPS = ("promise", "allocate", "availability", "rules", "stock", "supply", "ship", "cancel", "at_risk")
KEYS = {"about", "drivers", "network", "rules", "articles", "stock", "supply", "steps"}
ASK_KEYS = {"to", "store", "lines", "channel", "services", "methods", "stores", "deliver_by"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One file. `rules` are the texts of every rule set in it, by the position of their step (-1: at the start)."""

    name: str
    drivers: tuple[str, ...]
    network: Network
    rules: Mapping[int, str]
    articles: Mapping[str, Mapping[str, Any]]
    stock: tuple[StockRecord, ...]
    supply: tuple[SupplyRecord, ...]
    steps: tuple[Mapping[str, Any], ...]

    def instant(self, text: Any) -> datetime:
        """A local time of the network's zone, or one with an offset."""
        stamp = datetime.fromisoformat(str(text))
        return (stamp if stamp.tzinfo else stamp.replace(tzinfo=ZoneInfo(self.network.time_zone))).astimezone(UTC)

    def cart(self, asked: Mapping[str, Any], at: datetime) -> Cart:
        """The cart of a step."""
        lines = tuple(
            Line(
                line_id=sku,
                sku=sku,
                quantity=quantity,
                unit_weight_grams=self.articles.get(sku, {}).get("grams", 0),
                unit_price_micros=micros(self.articles.get(sku, {}).get("price", 0)),
            )
            for sku, quantity in asked["lines"].items()
        )
        return Cart(
            channel=asked.get("channel", "web"),
            destination=self.destination(asked["to"]),
            lines=lines,
            currency_code=self.network.currency_code,
            placed_at=at,
            services=tuple(asked.get("services", ())),
            deliver_by=asked.get("deliver_by"),
            methods=tuple(Method(m.upper()) for m in asked.get("methods", ())),
            store_ids=tuple(asked.get("stores", ())),
        )

    def destination(self, to: Any) -> Destination:
        """A French postal code, or {lat, lon}."""
        if isinstance(to, str):
            return Destination(country_code="FR", postal_code=to)
        point = GeoPoint(lat_e6=round(to["lat"] * 1e6), lon_e6=round(to["lon"] * 1e6))
        return Destination(country_code="FR", point=point)


def micros(amount: float) -> int:
    """An amount of money."""
    return round(amount * 1_000_000)


def read(path: Path) -> Story:
    """The story in a file; keys that nobody reads are refused."""
    text = path.read_text(encoding="utf-8")
    plain = YAML(typ="safe").load(text)
    if not set(plain) <= KEYS:
        raise ValueError(f"{path.name}: nobody reads {sorted(set(plain) - KEYS)}")
    written = YAML(typ="rt").load(text)
    rules = {i: _text(step["rules"]) for i, step in enumerate(written["steps"]) if "rules" in step}
    return Story(
        name=path.stem,
        drivers=tuple(plain.get("drivers", DRIVERS)),
        network=parse_network(_text(written["network"]), f"{path.name}/network"),
        rules={-1: _text(written["rules"]), **rules},
        articles=plain.get("articles", {}),
        stock=counts(plain.get("stock", {}), 0),
        supply=supplies(plain.get("supply", []), 0),
        steps=tuple(_checked(path.name, step) for step in plain["steps"]),
    )


def counts(stock: Mapping[str, Mapping[str, int]], step: int) -> tuple[StockRecord, ...]:
    """Stock counts ``{node: {sku: units}}`` that come with a step."""
    return tuple(
        StockRecord(kind=RecordKind.COUNT, node_id=node_id, sku=sku, quantity=units, epoch=1, seq=step + 1)
        for node_id, skus in stock.items()
        for sku, units in skus.items()
    )


def supplies(entries: list[Mapping[str, Any]], step: int) -> tuple[SupplyRecord, ...]:
    """Announcements of dated supply that come with a step."""
    return tuple(
        SupplyRecord(
            supply_id=entry["supply"],
            kind=SupplyKind(entry["kind"].upper()),
            node_id=entry["node"],
            sku=entry["sku"],
            quantity=entry.get("quantity"),
            expected_on=entry.get("expected_on"),
            epoch=1,
            seq=step + 1,
            received=entry.get("received", 0),
            lead_days=entry.get("lead_days"),
            probability_bp=round(entry.get("probability", 100) * 100),
            preorder=entry.get("preorder", False),
            closed=entry.get("closed", False),
        )
        for entry in entries
    )


def _text(subtree: Any) -> str:
    """A part of a story as the file that it would be on its own."""
    yaml, text = YAML(typ="rt"), StringIO()
    yaml.width = 10_000
    yaml.dump(subtree, text)
    return text.getvalue()


def _checked(name: str, step: Mapping[str, Any]) -> Mapping[str, Any]:
    """A step that does exactly one thing and asks with known words."""
    done = [kind for kind in STEPS if kind in step]
    unknown = set(step) - {*STEPS, "at", "as", "expect", "why"}
    if len(done) != 1 or unknown or not isinstance(step.get("at", date.min), str | date):
        raise ValueError(f"{name}: a step does one of {STEPS}, and has no {sorted(unknown)}")
    return step
