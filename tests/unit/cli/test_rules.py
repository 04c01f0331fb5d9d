"""``sourcier rules check``: every fault with its place, and the exit code."""

import json
from pathlib import Path

from typer.testing import CliRunner

from sourcier.cli.app import app
from sourcier.demo.retailer import NETWORK_FILE, RULE_SET_FILES

CROSSED = """rule_set: crossed
channels: [web, marketplace]
prices: {unfilled: {per_unit: 15.00}}
protection:
  safety_stock:
    - {units: 2, node_types: [store], channels: [web]}
    - {units: 2, node_types: [warehouse], channels: [marketplace]}
"""


def check(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["rules", "check", *arguments])
    return result.exit_code, result.stdout


def test_good_files_are_told_one_a_line() -> None:
    code, output = check(*map(str, RULE_SET_FILES))
    assert code == 0
    assert output.splitlines() == [
        f"{RULE_SET_FILES[0]}: rule set lowest-cost is fine",
        f"{RULE_SET_FILES[1]}: rule set protect-stores is fine",
        f"{RULE_SET_FILES[2]}: rule set one-parcel is fine",
    ]


def test_every_fault_of_every_file_is_told_with_its_place(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("rule_set: a\nchannels: [web]\nprices: {split: -1, unfilled: {per_unit: 1}}\nconstraint: {}\n")
    second.write_text("rule_set: [")
    code, output = check(str(first), str(RULE_SET_FILES[0]), str(second))
    lines = output.splitlines()
    assert code == 1
    assert [line.partition(": ")[0] for line in lines] == [
        f"{first}:3:17",
        f"{first}:4:1",
        str(RULE_SET_FILES[0]),
        f"{second}:1:12",
    ]
    assert "did you mean constraints?" in lines[1]


def test_what_only_the_engine_refuses_is_told_too(tmp_path: Path) -> None:
    file = tmp_path / "crossed.yaml"
    file.write_text(CROSSED)
    code, output = check(str(file))
    assert code == 1
    assert output.startswith(f"{file}:5:3: ")


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    code, output = check(str(tmp_path / "nothing.yaml"))
    assert code == 1
    assert "nothing.yaml:1: cannot be read" in output


def test_a_network_must_have_what_the_rules_name(tmp_path: Path) -> None:
    file, network = tmp_path / "fees.yaml", str(NETWORK_FILE)
    file.write_text("rule_set: a\nchannels: [web]\nprices: {split: 1}\nfees:\n  - {fee: 9, zones: [corsika]}\n")
    assert check(str(file))[0] == 0
    code, output = check("--network", network, str(file), *map(str, RULE_SET_FILES))
    assert code == 1
    first, *others = output.splitlines()
    assert first == f"{file}:5:22: 'corsika' is not a zone of the network; did you mean corsica?"
    assert all(line.endswith("is fine") for line in others)
    code, output = check("--json", "--network", network, str(file))
    assert json.loads(output)[0] == {
        "file": str(file),
        "rule_set": "a",
        "faults": [{"place": f"{file}:5:22", "problem": first.partition(": ")[2]}],
    }


def test_nothing_is_checked_beside_a_network_with_faults(tmp_path: Path) -> None:
    network = tmp_path / "network.yaml"
    network.write_text("currency: euro\n")
    code, output = check("--json", "--network", str(network), str(RULE_SET_FILES[0]))
    assert code == 1
    assert json.loads(output)["error"]["reason"] == "NETWORK_INVALID"


def test_json_lists_files_and_faults(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("rule_set: a\nchannels: [web]\n")
    code, output = check("--json", str(file), str(RULE_SET_FILES[0]))
    bad, good = json.loads(output)
    assert code == 1
    assert bad["rule_set"] is None
    assert bad["faults"] == [{"place": f"{file}:1:1", "problem": "prices is missing"}]
    assert good == {"file": str(RULE_SET_FILES[0]), "rule_set": "lowest-cost", "faults": []}
