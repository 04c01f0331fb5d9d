"""Reads the shared data: orders, cities, stores and warehouses. No seeds here, nothing made up."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SHARED_DATA: Final = ROOT.parent / "shared" / "data"
FILES: Final = (
    "online_retail/orders.csv.gz",
    "geography/cities.csv",
    "geography/stores.csv",
    "jasin_sinha_2015/fulfillment_centers.csv",
)
WAREHOUSES: Final = ("OAK4", "IND1", "AVP3", "CAE1", "DFW7")
"""The five of the small instances of Jasin and Sinha (2015)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A city, store or warehouse; `state` is a name or a two-letter code, as its file has it."""

    place_id: str
    state: str
    population: int
    lat: float
    lon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One line as the retailer booked it."""

    sku: str
    quantity: int
    unit_price_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RawOrder:
    """An order as the retailer booked it; `placed_at` is local time without a zone, `customer_id` may be empty."""

    order_id: str
    placed_at: datetime
    customer_id: str
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Everything that is read. Orders in the order of their time."""

    orders: tuple[RawOrder, ...]
    cities: tuple[Place, ...]
    stores: tuple[Place, ...]
    warehouses: tuple[Place, ...]


def missing(folder: Path) -> list[str]:
    """The files that the benchmark needs and that are not there."""
    return [name for name in FILES if not (folder / name).is_file()]


def read(folder: Path) -> Data:
    """All of the data in `folder`; raises OSError where a file is missing."""
    orders, cities, stores, warehouses = (folder / name for name in FILES)
    by_name = {row["name"]: _place(row["name"], row) for row in _rows(warehouses)}
    return Data(
        orders=_orders(orders),
        cities=tuple(_place(f"{row['city']}, {row['state']}", row) for row in _rows(cities)),
        stores=tuple(_place(f"S{row['store_id']}", row) for row in _rows(stores)),
        warehouses=tuple(by_name[name] for name in WAREHOUSES),
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _place(place_id: str, row: dict[str, str]) -> Place:
    return Place(
        place_id=place_id,
        state=row["state"],
        population=int(row.get("population", "0")),
        lat=float(row["lat"]),
        lon=float(row["lon"]),
    )


def _orders(path: Path) -> tuple[RawOrder, ...]:
    """Rows of one order stand together; a few orders were booked over two minutes, the first counts."""
    rows: dict[str, list[dict[str, str]]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["order_id"], []).append(row)
    orders = [
        RawOrder(
            order_id=order_id,
            placed_at=datetime.fromisoformat(lines[0]["placed_at"]),
            customer_id=lines[0]["customer_id"],
            lines=tuple(
                OrderLine(
                    sku=line["sku"],
                    quantity=int(line["quantity"]),
                    unit_price_micros=int(Decimal(line["unit_price_gbp"]) * 1_000_000),
                )
                for line in lines
            ),
        )
        for order_id, lines in rows.items()
    ]
    return tuple(sorted(orders, key=lambda order: order.placed_at))
