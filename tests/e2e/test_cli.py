"""The command line against a real server: serve, load, promise, allocate, explain, audit."""

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from benchmarks.processes import cores
from tests.e2e.conftest import Shop, load, process, sourcier

from sourcier.demo.child import server

MUGS = ("--line", "MUG=2", "--to", "FR:75011", "--placed-at", "2026-11-23T08:00:00+01:00")
CLOSED_PORT = "127.0.0.1:1"


def test_loading_tells_what_came_of_it_and_again_does_no_harm(empty_server: Shop) -> None:
    first, again = load(empty_server, "--json"), load(empty_server)
    assert first.json["network_revision"] == 1
    assert first.json["rule_set_revision"] == "ruleSets/main/revisions/1"
    assert first.json["stock"][0]["verdicts"] == {"APPLIED": 4}
    assert again.code == 0
    assert "4 stale" in again.out
    assert again.err == ""


def test_nothing_is_sent_when_a_file_has_faults(empty_server: Shop) -> None:
    (empty_server.folder / "stock.csv").write_text("kind,node_id,sku,quantity,seq\ncount,wh,MUG,-1,1\nsum,wh,MUG,1,x\n")
    done = load(empty_server)
    assert done.code == 1
    assert "nothing was sent" in done.err
    assert f"{empty_server.folder}/stock.csv:2: quantity" in done.err
    assert f"{empty_server.folder}/stock.csv:3: kind" in done.err
    assert empty_server.sourcier("promise", *MUGS).err.startswith("FAILED_PRECONDITION / NETWORK_NOT_APPLIED")


def test_rules_that_name_what_the_network_lacks_are_not_put_in_force(own_shop: Shop) -> None:
    rules, network = own_shop.folder / "fees.yaml", own_shop.folder / "network.yaml"
    rules.write_text((own_shop.folder / "rules.yaml").read_text() + "fees:\n  - {fee: 9, zones: [island]}\n")
    together = own_shop.sourcier("load", "--network", str(network), "--rules", str(rules))
    alone = own_shop.sourcier("load", "--rules", str(rules))
    assert (together.code, alone.code) == (1, 1)
    assert together.err.startswith("FAILED_PRECONDITION / RULE_SET_MISMATCH nothing was sent")
    assert f"{rules}:5:22: 'island' is not a zone of the network" in together.err
    assert alone.err.startswith("FAILED_PRECONDITION / RULE_SET_MISMATCH")
    assert "rules.yaml:5:22: 'island'" in alone.err
    without = network.read_text()
    network.write_text(f"{without}zones:\n  - {{zone: island, country: FR, ranges: [20]}}\n")
    assert own_shop.sourcier("load", "--network", str(network), "--rules", str(rules)).code == 0
    network.write_text(without)
    warned = own_shop.sourcier("load", "--network", str(network))
    assert warned.code == 0
    assert "  warning: ruleSets/main/revisions/3:5:22: 'island' is not a zone of the network" in warned.out


def test_stock_that_was_not_applied_is_told(shop: Shop) -> None:
    (shop.folder / "more.csv").write_text("kind,node_id,sku,quantity,seq\ncount,nowhere,MUG,1,1\ncount,wh,CUP,4,1\n")
    done = shop.sourcier("load", "--stock", f"{shop.folder}/more.csv", "--source", "wms")
    assert done.code == 1
    assert "1 applied" in done.out
    assert "1 rejected" in done.out
    assert "nowhere MUG seq 1: REJECTED" in done.out


def test_a_promise_is_a_table_for_people_and_json_for_programs(shop: Shop) -> None:
    table, parsed = shop.sourcier("promise", *MUGS), shop.sourcier("promise", *MUGS, "--json").json
    assert table.code == 0
    services = {promise["service_id"]: promise for promise in parsed["promised"]}
    assert services["express"]["latest"] == {"year": 2026, "month": 11, "day": 23}
    assert services["express"]["decision"]["plan"]["shipments"][0]["node_id"] == "shop"
    assert services["standard"]["decision"]["plan"]["shipments"][0]["node_id"] == "wh"
    assert services["standard"]["decision"]["objective"] == {"currency_code": "EUR", "units": "5", "nanos": 0}
    for words in ("express", "Mon 23 Nov", "11.00", "standard", "Tue 24 Nov", "5.00", "8 h 0 min"):
        assert words in table.out


def test_options_are_chosen_and_shown(shop: Shop) -> None:
    asked = ("promise", *MUGS, "--service", "standard", "--choice", "cheapest", "--choice", "fewest-shipments")
    table, parsed = shop.sourcier(*asked), shop.sourcier(*asked, "--json").json
    (option,) = parsed["promised"]
    assert option["choices"] == ["CHOICE_CHEAPEST", "CHOICE_FEWEST_SHIPMENTS"]
    assert option["token"]
    assert option["fee"] == {"currency_code": "EUR", "units": "0", "nanos": 0}
    assert (option["confidence_bp"], option["store_id"]) == (10_000, "")
    for words in ("best at", "all", "fee"):
        assert words in " ".join(table.out.split())


def test_a_token_keeps_the_promise(shop: Shop) -> None:
    (option,) = shop.sourcier("promise", *MUGS, "--service", "standard", "--json").json["promised"]
    order = ("allocate", "--order-id", "TOKEN-1", *MUGS, "--service", "standard", "--priority", "7")
    made = shop.sourcier(*order, "--token", option["token"], "--json").json
    assert (made["kept"]["latest"], made["kept"]["late_days"]) == (option["latest"], 0)
    assert made["kept"]["method"] == "METHOD_HOME_DELIVERY"
    done = shop.sourcier("allocate", "--order-id", "TOKEN-2", *MUGS, "--token", "forged")
    assert done.code == 1
    assert done.err.startswith("INVALID_ARGUMENT / PROMISE_TOKEN_INVALID")


def test_supply_is_loaded_waited_for_and_at_risk(shop: Shop) -> None:
    file = shop.folder / "supply.csv"
    head = "supply_id,kind,node_id,sku,quantity,expected_on,seq\n"

    def loaded(quantity: int, seq: int) -> str:
        file.write_text(f"{head}PO-1,purchase_order,wh,VASE,{quantity},2026-12-01,{seq}\n")
        done = shop.sourcier("load", "--supply", str(file), "--source", "erp")
        assert done.code == 0
        return done.out

    assert "1 applied" in loaded(5, 1)
    assert "1 stale" in loaded(5, 1)
    assert shop.sourcier("at-risk").out == "no promise is at risk\n"
    order = ("--order-id", "LATE-1", "--line", "VASE=4", "--to", "FR:75011", "--priority", "7")
    told = shop.sourcier("allocate", *order, "--placed-at", "2026-11-23T08:00:00+01:00")
    assert "4 of PO-1, Tue 1 Dec" in told.out
    loaded(3, 2)
    risk = shop.sourcier("at-risk", "--supply", "PO-1", "--json").json
    assert (risk["order_id"], risk["priority"], risk["short"], risk["reason"]) == (
        "LATE-1",
        7,
        "1",
        "RISK_REASON_SHORT",
    )
    table = shop.sourcier("at-risk", "--sku", "VASE")
    for words in ("LATE-1", "VASE", "1 of 4", "PO-1: SHORT"):
        assert words in table.out
    assert shop.sourcier("at-risk", "--sku", "MUG").out == "no promise is at risk\n"


def test_a_supply_file_with_faults_is_not_sent(shop: Shop) -> None:
    file = shop.folder / "bad.csv"
    file.write_text("supply_id,kind,node_id,sku,quantity,expected_on,seq\nPO-1,wish,wh,VASE,1,2026-12-01,1\n")
    done = shop.sourcier("load", "--supply", str(file), "--source", "erp")
    assert done.code == 1
    assert f"{file}:2: kind" in done.err


def test_availability_is_a_table_for_people_and_json_for_programs(shop: Shop) -> None:
    asked = ("availability", "BOWL", "NOTHING", "--to", "FR:75011")
    table, parsed = shop.sourcier(*asked), shop.sourcier(*asked, "--json").json
    bowl, nothing = parsed["skus"]
    assert {entry["service_id"] for entry in bowl["earliest"]} == {"express", "standard"}
    assert (nothing["units"], nothing["earliest"]) == ("0", [])
    for words in ("BOWL", "express", "NOTHING"):
        assert words in table.out
    assert "CHANNEL_UNKNOWN" in shop.sourcier(*asked, "--channel", "fax").err


def test_an_order_is_allocated_explained_and_audited(own_shop: Shop) -> None:
    order = ("--order-id", "A-1", "--line", "MUG=2", "--line", "BOWL=1", "--to", "FR:75011")
    dry = own_shop.sourcier("allocate", *order, "--dry-run", "--json").json
    made = own_shop.sourcier("allocate", *order, "--json").json
    told = own_shop.sourcier("explain", made["name"])
    parsed = own_shop.sourcier("explain", made["name"].removeprefix("allocations/"), "--json").json
    assert dry["name"] == ""
    assert dry["decision"]["plan"] == made["decision"]["plan"] == parsed["decision"]["plan"]
    assert [shipment["node_id"] for shipment in made["decision"]["plan"]["shipments"]] == ["shop"]
    assert {outcome["node_id"]: outcome["reason"] for outcome in parsed["decision"]["left_out"]} == {
        "wh": "NODE_REASON_NOT_CHOSEN",
        "other-shop": "NODE_REASON_NOT_CHOSEN",
    }
    for words in ("order A-1", "2 × MUG", "1 × BOWL", "OPTIMAL at 7.00 EUR", "NOT_CHOSEN", "ruleSets/main/revisions/1"):
        assert words in told.out
    assert own_shop.child.stop() < 30
    audit = sourcier("audit", "--db", own_shop.child.database, "--json")
    assert audit.code == 0
    assert audit.json["violations"] == []
    assert audit.json["counts"]["reservations"] == 1


def test_a_hold_is_allocated_and_can_be_explained(shop: Shop) -> None:
    hold = shop.sourcier("promise", *MUGS, "--hold", "60", "--json").json["hold"]
    told = shop.sourcier("allocate", "--order-id", "HELD-1", *MUGS, "--hold", hold["name"])
    assert f"The hold {hold['name']} is honoured." in told.out
    explained = shop.sourcier("explain", hold["name"].removeprefix("holds/"), "--json").json
    assert {outcome["node_id"] for outcome in explained["decision"]["left_out"]} == {"shop", "other-shop"}


def test_orders_of_a_file_go_on_when_one_is_refused(shop: Shop) -> None:
    head = {"channel": "web", "currency_code": "EUR", "country_code": "FR", "placed_at": "2026-11-23T08:00:00+01:00"}
    lines = [{"line_id": "1", "sku": "MUG", "quantity": 1}]
    orders = [
        {"order_id": order_id, "postal_code": postal_code, **head, "lines": lines}
        for order_id, postal_code in (("A-1", "75001"), ("A-2", "13001"), ("A-3", "75002"))
    ]
    file = shop.folder / "orders.jsonl"
    file.write_text("".join(f"{json.dumps(order)}\n" for order in orders))
    done = shop.sourcier("allocate", str(file), "--json")
    first, second, third = map(json.loads, done.out.splitlines())
    assert done.code == 1
    assert (first["order_id"], third["order_id"]) == ("A-1", "A-3")
    assert second["error"]["reason"] == "POSTAL_CODE_UNKNOWN"
    plain = shop.sourcier("promise", str(file))
    assert plain.code == 1
    assert "INVALID_ARGUMENT / POSTAL_CODE_UNKNOWN A-2" in plain.err
    assert "A-3" in plain.out


def test_every_fault_of_a_request_is_told(shop: Shop) -> None:
    done = shop.sourcier("promise", "--line", "MUG=0", "--to", "fr:75011", "--currency", "EURO")
    assert done.code == 1
    assert done.err.startswith("INVALID_ARGUMENT / FIELD_INVALID")
    for field in ("cart.lines[0].quantity", "cart.destination.country_code", "cart.currency_code"):
        assert f"  {field}: " in done.err
    assert done.out == ""


def test_a_refusal_is_json_for_programs(shop: Shop) -> None:
    done = shop.sourcier("explain", "allocations/none", "--json")
    assert done.code == 1
    assert done.json["error"]["code"] == "NOT_FOUND"
    assert done.json["error"]["reason"] == "ALLOCATION_NOT_FOUND"


@pytest.mark.parametrize(
    "arguments",
    [
        ("promise", "--line", "MUG=1", "--to", "FR:75011", "--currency", "EUR"),
        ("allocate", "--order-id", "A", "--line", "MUG=1", "--to", "FR:75011"),
        ("explain", "allocations/a"),
        ("availability", "MUG", "--to", "FR:75011"),
        ("at-risk",),
    ],
)
def test_without_a_server_the_exit_code_is_3(arguments: tuple[str, ...]) -> None:
    done = sourcier(*arguments, "--server", CLOSED_PORT)
    assert done.code == 3
    assert done.err.startswith(f"UNAVAILABLE from {CLOSED_PORT}")


@pytest.mark.parametrize(
    "arguments",
    [
        ("load",),
        ("load", "--stock", "stock.csv"),
        ("load", "--supply", "supply.csv"),
        ("promise",),
        ("promise", "--line", "MUG=1"),
        ("promise", "--line", "MUG", "--to", "FR:75011"),
        ("allocate", "--line", "MUG=1", "--to", "FR:75011"),
        ("promise", "--line", "MUG=1", "--to", "FR:75011", "--method", "drone"),
        ("promise", "--line", "MUG=1", "--to", "FR:75011", "--choice", "best"),
        ("availability",),
        ("availability", "MUG"),
        ("availability", "MUG", "--to", "FR:75011", "--store", "shop"),
        ("availability", "MUG", "--to", "75011"),
        ("availability", "MUG", "--store", "shop", "--nearby", "21"),
        ("serve", "--solvers", "0"),
        ("serve", "--db", "mysql://x"),
        ("rules", "check"),
        ("nothing",),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    assert sourcier(*arguments).code == 2


def test_an_audit_finds_what_somebody_changed_behind_the_ledgers_back(own_shop: Shop) -> None:
    assert own_shop.sourcier("allocate", "--order-id", "A-1", *MUGS).code == 0
    own_shop.child.stop()
    with closing(sqlite3.connect(own_shop.child.database.removeprefix("sqlite:///"))) as database, database:
        changed = database.execute("UPDATE stock SET allocated = allocated - 1 WHERE allocated > 0").rowcount
    done = sourcier("audit", "--db", own_shop.child.database)
    parsed = sourcier("audit", "--db", own_shop.child.database, "--json")
    assert changed == 1
    assert (done.code, parsed.code) == (4, 4)
    assert "breach" in done.out
    assert any("MUG" in violation for violation in parsed.json["violations"])


def test_an_audit_does_not_make_a_ledger(tmp_path: Path) -> None:
    done = sourcier("audit", "--db", f"sqlite:///{tmp_path}/none.db")
    assert done.code == 1
    assert "there is no ledger" in done.err
    assert list(tmp_path.iterdir()) == []


def test_an_audit_of_a_ledger_in_use_is_refused(shop: Shop) -> None:
    done = sourcier("audit", "--db", shop.child.database)
    assert done.code == 1
    assert "another process has the ledger" in done.err


def test_a_second_server_on_the_port_does_not_start(shop: Shop, tmp_path: Path) -> None:
    port = shop.child.target.rpartition(":")[2]
    done = process("serve", "--port", port, "--db", f"sqlite:///{tmp_path}/second.db")
    assert done.code == 1
    assert "cannot serve" in done.err


def test_a_server_keeps_its_threads_on_one_core(shop: Shop) -> None:
    until = time.monotonic() + 20
    while max(map(len, cores(shop.child.process.pid))) > 1:
        assert time.monotonic() < until, "it looks every second"
        time.sleep(0.05)


def test_a_ledger_on_postgresql_is_served_and_audited(postgres_url: str, tmp_path: Path) -> None:
    url_file = tmp_path / "url"
    url_file.write_text(postgres_url)
    process = subprocess.Popen(
        [sys.executable, "-m", "sourcier", "serve", "--db-file", str(url_file), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        target = process.stdout.readline().split()[-1]
        done = sourcier("explain", "none", "--server", target)
        assert done.err.startswith("NOT_FOUND")
        audit = sourcier("audit", "--db-file", str(url_file), "--json")
        assert (audit.code, audit.json["violations"]) == (0, [])
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stdout.close()


def test_a_process_tells_the_same_and_exits_with_the_code(shop: Shop, tmp_path: Path) -> None:
    ask = ("promise", *MUGS, "--server", shop.child.target)
    assert process(*ask) == sourcier(*ask)
    assert process(*ask[:-1], CLOSED_PORT).code == 3
    assert process("promise", *MUGS, "--channel", "fax", *ask[-2:]).code == 1
    assert process("nothing").code == 2


def test_the_server_child_is_gone_even_when_a_test_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), server(tmp_path) as child:
        raise ZeroDivisionError
    assert child.process.returncode is not None
