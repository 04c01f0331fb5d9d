"""A real server in a process of its own on a SQLite file, loaded with a small shop through the command line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sourcier.cli.app import app
from sourcier.demo.child import Child, server

NETWORK = """currency: EUR
time_zone: Europe/Paris
services:
  - service: standard
    method: home_delivery
    transit: [{business_days: 1}]
    delivery_days: mon-sun
    tariff: {per_shipment: 5.00}
  - service: express
    method: home_delivery
    transit: [{max_km: 50, business_days: 0}]
    delivery_days: mon-sun
    tariff: {per_shipment: 9.00}
node_defaults:
  warehouse: {working_days: mon-sun, cut_off: 16:00, services: [standard]}
  store: {working_days: mon-sun, cut_off: 15:00, services: [standard, express]}
nodes:
  - {node: wh, node_type: warehouse, lat: 47.95, lon: 1.88}
  - {node: shop, node_type: store, lat: 48.86, lon: 2.35, handling: {per_shipment: 2.00}}
  - {node: other-shop, node_type: store, lat: 45.76, lon: 4.83, handling: {per_shipment: 3.00}}
postal_areas:
  - {country: FR, prefix: "75", lat: 48.86, lon: 2.35}
"""
RULES = """rule_set: main
channels: [web]
prices: {split: 1.00, unfilled: {per_unit: 50.00}}
"""
STOCK = """kind,node_id,sku,quantity,seq
count,wh,MUG,10,1
count,shop,MUG,2,1
count,shop,BOWL,3,1
count,other-shop,MUG,1,1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A running server with the files that it was loaded from."""

    child: Child
    folder: Path

    def sourcier(self, *arguments: str) -> "Done":
        """Run a command against this server."""
        return sourcier(*arguments, "--server", self.child.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one line of JSON."""
        (line,) = self.out.splitlines()
        return json.loads(line)


def sourcier(*arguments: str) -> Done:
    """Run a command of ``sourcier`` here, its output in memory: a process of its own takes a second to start."""
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "118"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(code=done.exit_code, out=done.stdout, err=done.stderr)


def process(*arguments: str) -> Done:
    """Run ``sourcier`` in a process of its own, its output in pipes."""
    # pytest loads readline, which exports the size of a terminal to every child.
    environment = {**os.environ, "COLUMNS": "118"}
    command = [sys.executable, "-m", "sourcier", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert "Traceback" not in done.stderr, done.stderr
    return Done(code=done.returncode, out=done.stdout, err=done.stderr)


@contextmanager
def running(folder: Path) -> Iterator[Shop]:
    """A server that was told nothing yet, and the files of the shop beside it."""
    for name, text in (("network.yaml", NETWORK), ("rules.yaml", RULES), ("stock.csv", STOCK)):
        (folder / name).write_text(text)
    with server(folder) as child:
        yield Shop(child=child, folder=folder)


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[Shop]:
    """A server that was told nothing yet."""
    with running(tmp_path) as shop:
        yield shop


@pytest.fixture
def own_shop(empty_server: Shop) -> Shop:
    """A loaded server that the test may stop."""
    assert load(empty_server).code == 0
    return empty_server


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A loaded server that tests share: each takes few mugs, and order ids of its own."""
    with running(tmp_path_factory.mktemp("shop")) as shop:
        assert load(shop).code == 0
        yield shop


def load(shop: Shop, *more: str) -> Done:
    """Load the shop's three files."""
    folder = shop.folder
    files = ("--network", f"{folder}/network.yaml", "--rules", f"{folder}/rules.yaml", "--stock", f"{folder}/stock.csv")
    return shop.sourcier("load", *files, "--source", "wms", *more)
