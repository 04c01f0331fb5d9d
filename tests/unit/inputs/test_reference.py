"""The reference pages know exactly what the readers read, and their examples can be read."""

import re
from collections.abc import Mapping
from pathlib import Path

from sourcier.inputs.network_keys import NETWORK_KEYS
from sourcier.inputs.network_yaml import parse_network
from sourcier.inputs.orders import (
    LINE_FIELDS,
    LINE_FIELDS_OPTIONAL,
    ORDER_FIELDS,
    ORDER_FIELDS_OPTIONAL,
    read_orders,
)
from sourcier.inputs.postal_areas import POSTAL_AREA_COLUMNS, POSTAL_AREA_COLUMNS_OPTIONAL
from sourcier.inputs.rules_yaml import RULE_SET_KEYS, parse_rule_set
from sourcier.inputs.stock import STOCK_COLUMNS, STOCK_COLUMNS_OPTIONAL, read_stock
from sourcier.inputs.supply import SUPPLY_COLUMNS, SUPPLY_COLUMNS_OPTIONAL, read_supply
from sourcier.inputs.zones import ZONE_COLUMNS, ZONE_COLUMNS_OPTIONAL

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def table_rows(text: str) -> dict[str, str]:
    """The first cell of every table row that is a word in backticks, with the third, the default."""
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \| ([^|]*) \|", text, re.MULTILINE)
    assert len(rows) == len(dict(rows))
    return dict(rows)


def examples(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def paths(keys: Mapping[str, tuple[str, ...]]) -> set[str]:
    return {f"{section}.{key}" if section else key for section, names in keys.items() for key in names}


def test_rules_page_lists_every_key() -> None:
    assert set(table_rows(page("rules.md"))) == paths(RULE_SET_KEYS)


def test_rules_page_examples_are_read() -> None:
    found = examples(page("rules.md"), "yaml")
    assert len(found) == 5
    for example in found:
        whole = example if "rule_set:" in example else f"rule_set: r\nchannels: [marketplace]\nprices: {{}}\n{example}"
        parse_rule_set(whole, "example.yaml")


def test_network_page_lists_every_key() -> None:
    own = {section: keys for section, keys in NETWORK_KEYS.items() if section != "node_defaults.*"}
    assert set(table_rows(page("network.md"))) == paths(own)


def test_network_page_names_what_defaults_take() -> None:
    sentence = re.search(r"Each takes (.*?), with the meaning", page("network.md"), re.DOTALL)
    assert sentence is not None
    assert set(re.findall(r"`(\w+)`", sentence[1])) == set(NETWORK_KEYS["node_defaults.*"])


def test_network_page_example_is_read(tmp_path: Path) -> None:
    (example,), (zones, areas) = examples(page("network.md"), "yaml"), examples(page("network.md"), "csv")
    (tmp_path / "zones.csv").write_text(zones, encoding="utf-8")
    (tmp_path / "postal_areas.csv").write_text(areas, encoding="utf-8")
    network = parse_network(example, str(tmp_path / "network.yaml"))
    assert (len(network.nodes), len(network.postal_areas), len(network.transfer_lanes)) == (3, 2, 2)
    before, after = example.index("zones:"), example.index("services:")
    from_table = parse_network(f"{example[:before]}zones: zones.csv\n{example[after:]}", str(tmp_path / "network.yaml"))
    assert from_table == network


def test_network_page_names_the_columns_of_tables() -> None:
    for column in (*POSTAL_AREA_COLUMNS, *POSTAL_AREA_COLUMNS_OPTIONAL, *ZONE_COLUMNS, *ZONE_COLUMNS_OPTIONAL):
        assert f"`{column}`" in page("network.md")


def test_files_page_lists_every_column_and_whether_it_is_required() -> None:
    orders, rest = page("files.md").split("## Orders")[1].split("## Stock")
    stock, supply = rest.split("## Supply")
    for text, required, optional in (
        (orders, (*ORDER_FIELDS, *LINE_FIELDS), (*ORDER_FIELDS_OPTIONAL, *LINE_FIELDS_OPTIONAL)),
        (stock, STOCK_COLUMNS, STOCK_COLUMNS_OPTIONAL),
        (supply, SUPPLY_COLUMNS, SUPPLY_COLUMNS_OPTIONAL),
    ):
        rows = table_rows(text)
        assert set(rows) == {*required, *optional}
        assert {column for column, default in rows.items() if default == "required"} == set(required)


def test_files_page_examples_are_read(tmp_path: Path) -> None:
    orders, stock, supply = examples(page("files.md"), "csv")
    (as_json,) = examples(page("files.md"), "json")
    for name, text in (("o.csv", orders), ("o.jsonl", as_json), ("s.csv", stock), ("u.csv", supply)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    from_csv = list(read_orders(tmp_path / "o.csv"))
    assert [len(order.cart.lines) for order in from_csv] == [2, 1]
    assert list(read_orders(tmp_path / "o.jsonl")) == from_csv[1:]
    assert len(list(read_stock(tmp_path / "s.csv"))) == 2
    assert len(list(read_supply(tmp_path / "u.csv"))) == 2
