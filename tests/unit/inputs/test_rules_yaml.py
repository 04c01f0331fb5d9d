"""Rule sets: what is read, what is refused and where."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.inputs.mutations import assert_placed, mutations

from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.limits import RULE_SET_BYTES_MAX
from sourcier.domain.network import NodeType
from sourcier.domain.rules import Constraints, DeliverBy, Eligibility, Prices, RuleSet, SafetyStock
from sourcier.inputs.rules_yaml import parse_rule_set

FULL = """\
rule_set: full
channels: [web, marketplace]
prices:
  split: 2.00
  unfilled: {per_unit: "20.000001", percent_of_value: 99.5}
  late:
    per_unit_day: 3
constraints:
  max_shipments: 3
  max_nodes_per_line: 2
  ship_complete: false
  partial_orders: true
  deliver_by: soft
eligibility:
  - exclude_node_types: [store, SUPPLIER]
    channels: [marketplace]
protection:
  safety_stock:
    - units: 2
      node_types: [store]
      channels: [web]
    - {units: 0}
"""
HEAD = "rule_set: r\nchannels: [web, no]\nprices: {split: 1}\n"


def test_reads_every_key() -> None:
    assert parse_rule_set(FULL, "full.yaml") == RuleSet(
        rule_set_id="full",
        channels=("web", "marketplace"),
        prices=Prices(
            split_micros=2_000_000,
            unfilled_per_unit_micros=20_000_001,
            unfilled_value_bp=9_950,
            late_per_unit_day_micros=3_000_000,
        ),
        constraints=Constraints(max_shipments=3, max_nodes_per_line=2, deliver_by=DeliverBy.SOFT),
        eligibility=(
            Eligibility(
                exclude_node_types=frozenset({NodeType.STORE, NodeType.SUPPLIER}), channels=frozenset({"marketplace"})
            ),
        ),
        safety_stock=(
            SafetyStock(units=2, node_types=frozenset({NodeType.STORE}), channels=frozenset({"web"})),
            SafetyStock(units=0),
        ),
    )


def test_what_is_left_out_has_the_domain_s_defaults() -> None:
    read = parse_rule_set(HEAD, "head.yaml")
    assert read.constraints == Constraints()
    assert read.prices == Prices(split_micros=1_000_000)
    assert (read.eligibility, read.safety_stock) == ((), ())


def test_values_are_read_by_their_key_not_by_their_looks() -> None:
    text = "rule_set: 2024\nchannels: [no, 01, 1e3]\nprices: {split: 0.10}\n"
    read = parse_rule_set(text, "r.yaml")
    assert (read.rule_set_id, read.channels, read.prices.split_micros) == ("2024", ("no", "01", "1e3"), 100_000)


@given(st.decimals(min_value=0, max_value=1_000_000, places=6))
def test_money_is_exact_to_the_micro(amount: Decimal) -> None:
    read = parse_rule_set(f"rule_set: r\nchannels: [web]\nprices: {{split: {amount:f}}}\n", "r.yaml")
    assert read.prices.split_micros == int(amount * 1_000_000)


WHOLE_FILES = [
    ("", "§", ["the file is empty"]),
    ("only a comment", "§# nothing here\n", ["the file is empty"]),
    ("a list", "§- rule_set\n", ["must be keys and values, found a list"]),
    ("one word", "§rules\n", ["must be keys and values, found 'rules'"]),
    ("nothing required is there", "§§§eligibility: []\n", ["channels is missing", "prices is", "rule_set is"]),
    ("no rule set", "§channels: [web]\nprices: {}\n", ["rule_set is missing"]),
    ("key without a value", "§rule_set:\nchannels: [web]\nprices: {}\n", ["rule_set: has no value"]),
    ("null", "rule_set: §~\nchannels: [web]\nprices: {}\n", ["rule_set: has no value"]),
    ("list for a value", "rule_set: §[a]\nchannels: [web]\nprices: {}\n", ["single value, found a list"]),
    ("slash in the id", "rule_set: §a/b\nchannels: [web]\nprices: {}\n", ["must not have a slash"]),
    ("outer blanks", 'rule_set: §" a"\nchannels: [web]\nprices: {}\n', ["without blanks at the ends"]),
    ("not printable", 'rule_set: §"a\\tb"\nchannels: [web]\nprices: {}\n', ["printable"]),
    ("too long a text", f"rule_set: §{'r' * 129}\nchannels: [web]\nprices: {{}}\n", ["at most 128 bytes, found 129"]),
    ("a channel alone", "rule_set: r\nchannels: §web\nprices: {}\n", ["channels: must be a list, found 'web'"]),
    ("no channel", "rule_set: r\nchannels: §[]\nprices: {}\n", ["channels: must not be empty"]),
    ("channels left open", "rule_set: r\n§channels:\nprices: {}\n", ["channels: must be a list, found nothing"]),
    ("channel twice", "rule_set: r\nchannels: [web, §web]\nprices: {}\n", ["channels[1]: stands in the list twice"]),
    ("channel null", "rule_set: r\nchannels: [web, §~]\nprices: {}\n", ["channels[1]: has no value"]),
    ("prices as a value", "rule_set: r\nchannels: [web]\nprices: §5\n", ["prices: must be keys and values, found '5'"]),
    ("key twice", HEAD + "§channels: [shop]\n", ["'channels' is given twice; the first is on line 2"]),
    ("text that is not YAML", "rule_set: r\nchannels: [web\nprices§: {}\n", ["not readable as YAML"]),
    ("tab", "rule_set: r\n§\tchannels: [web]\n", ["not readable as YAML"]),
    ("NUL", "rule_set: r§\0\n", ["U+0000 is not allowed"]),
    ("two documents", HEAD + "§---\nrule_set: s\n", ["a second document begins here"]),
]

BELOW_HEAD = [
    ("unknown key", "§constrains: {}\n", ["unknown key 'constrains'; did you mean constraints?"]),
    ("key of another system", "constraints: {§max_splits: 2}\n", ["constraints.max_shipments, which counts shipments"]),
    ("key at the wrong level", "§safety_stock: []\n", ["it belongs under protection"]),
    ("key of no likeness", "constraints: {§qqq: 2}\n", ["known here: max_shipments, max_nodes_per_line"]),
    ("a list as a key", "? §[a, b]\n: 1\n", ["a key must be one word"]),
    ("zero shipments", "constraints: {max_shipments: §0}\n", ["must be from 1 to 5000, found '0'"]),
    ("negative nodes", "constraints: {max_nodes_per_line: §-1}\n", ["must be from 1 to 5000"]),
    ("half a shipment", "constraints: {max_shipments: §1.5}\n", ["must be a whole number"]),
    ("a huge number", f"constraints: {{max_shipments: §{'9' * 5000}}}\n", ["must be from 1 to 5000"]),
    ("digits of another script", "constraints: {max_shipments: §٣}\n", ["must be a whole number"]),
    ("yes for true", "constraints: {ship_complete: §yes}\n", ["must be true or false, found 'yes'"]),
    ("unknown word", "constraints: {deliver_by: §softly}\n", ["one of hard, soft, found 'softly'; did you mean soft?"]),
    ("eligibility as a section", "eligibility: §{exclude_node_types: [store]}\n", ["must be a list"]),
    ("eligibility of nothing", "eligibility: [§{channels: [web]}]\n", ["exclude_node_types is missing"]),
    ("no node type", "eligibility: [{exclude_node_types: §[]}]\n", ["must not be empty"]),
    ("unknown node type", "eligibility: [{exclude_node_types: [§stores]}]\n", ["did you mean store?"]),
    ("undeclared channel", "eligibility: [{exclude_node_types: [store], channels: [§wep]}]\n", ["did you mean web?"]),
    ("channels of nobody", "eligibility: [{exclude_node_types: [store], channels: §[]}]\n", ["must not be empty"]),
    ("an entry that is a word", "eligibility: [§store]\n", ["eligibility[0]: must be keys and values"]),
    ("protection as a list", "protection: §[]\n", ["protection: must be keys and values, found a list"]),
    ("safety stock without units", "protection: {safety_stock: [§{node_types: [store]}]}\n", ["units is missing"]),
    ("negative units", "protection: {safety_stock: [{units: §-2}]}\n", ["must be from 0 to 1000000000"]),
    ("anchor", "constraints: §&a {}\n", ["&a: anchors are not read"]),
    ("alias", "constraints: §&a {}\nprotection: §*a\n", ["&a: anchors", "*a: aliases are not read"]),
    ("alias for a list", "eligibility: §*a\n", ["*a: aliases are not read"]),
    ("tag", "constraints: {max_shipments: §!!int 3}\n", ["tags are not read"]),
    ("merge key", "constraints: {§<<: {}}\n", ["unknown key '<<'"]),
    ("too deep", "eligibility: " + "[" * 15 + "§[\n", ["nested more than 16 deep"]),
]

PRICES = [
    ("negative", "split: §-1", ["from 0 to 1000000, found '-1'"]),
    ("too much", "split: §1000000.000001", ["from 0 to 1000000"]),
    ("seven decimals", "split: §0.0000001", ["at most 6 decimals"]),
    ("exponent", "split: §1e3", ["must be an amount such as 2.50"]),
    ("currency", "split: §2.00 EUR", ["must be an amount such as 2.50"]),
    ("decimal comma", "split: §'2,00'", ["write decimals with a point"]),
    ("decimal comma in braces", "late: {per_unit_day: 2, §50}", ["unknown key '50'; write decimals with a point"]),
    ("not a number", "split: §.nan", ["must be an amount"]),
    ("infinite", "split: §.inf", ["must be an amount"]),
    ("percent with its sign", "unfilled: {percent_of_value: §100%}", ["must be a percentage"]),
    ("a third decimal", "unfilled: {percent_of_value: §1.005}", ["at most 2 decimals"]),
    ("too many percent", "unfilled: {percent_of_value: §10001}", ["from 0 to 10000"]),
    ("free to ship nothing", "unfilled: §{percent_of_value: 0}", ["to ship nothing is cheapest"]),
    ("amount for a section", "unfilled: §20", ["prices.unfilled: must be keys and values"]),
]


@pytest.mark.parametrize(("marked", "told"), [case[1:] for case in WHOLE_FILES], ids=[c[0] for c in WHOLE_FILES])
def test_refuses_whole_files(refused, marked: str, told: list[str]) -> None:
    refusal = refused(parse_rule_set, marked, *told)
    assert refusal.reason is Reason.RULE_SET_INVALID


@pytest.mark.parametrize(("marked", "told"), [case[1:] for case in BELOW_HEAD], ids=[c[0] for c in BELOW_HEAD])
def test_refuses_rules(refused, marked: str, told: list[str]) -> None:
    refused(parse_rule_set, HEAD + marked, *told)


@pytest.mark.parametrize(("marked", "told"), [case[1:] for case in PRICES], ids=[c[0] for c in PRICES])
def test_refuses_prices(refused, marked: str, told: list[str]) -> None:
    refused(parse_rule_set, f"rule_set: r\nchannels: [web]\nprices:\n  {marked}\n", *told)


def test_shipping_nothing_may_be_free_where_it_must_not_happen() -> None:
    free = "rule_set: r\nchannels: [web]\nprices: {unfilled: {percent_of_value: 0}}\n"
    for allowed in ("ship_complete: true", "partial_orders: false"):
        assert parse_rule_set(free + f"constraints: {{{allowed}}}\n", "r.yaml").prices.unfilled_value_bp == 0


def test_tells_all_faults_at_once_in_the_order_of_the_file(refused) -> None:
    marked = """\
rule_set: full
channels: [web, marketplace, §web]
prices:
  §splt: 2.00
  unfilled: {per_unit: §-1, percent_of_value: §lots}
constraints:
  max_shipments: §0
  deliver_by: §softly
  §deliver_by: hard
eligibility:
  - exclude_node_types: [§stor]
    channels: [§shop]
  - §channels: [web]
protection:
  safety_stock:
    - §node_types: [store]
"""
    refused(
        parse_rule_set,
        marked,
        *("twice", "split", "from 0", "percentage", "from 1", "did you mean soft", "given twice"),
        *("did you mean store", "channel of this rule set", "exclude_node_types is missing", "units is missing"),
    )


def test_a_long_file_is_not_read() -> None:
    with pytest.raises(Refusal, match=r"^long\.yaml:1: the file has 262145 bytes"):
        parse_rule_set(" " * (RULE_SET_BYTES_MAX + 1), "long.yaml")


def test_a_broken_escape_is_a_fault_of_the_file() -> None:
    with pytest.raises(Refusal, match="not readable as YAML"):
        parse_rule_set('rule_set: "\\Uffffffff"\n', "r.yaml")


def test_the_list_of_faults_has_an_end() -> None:
    with pytest.raises(Refusal) as caught:
        parse_rule_set(HEAD + "".join(f"x{n}: 1\n" for n in range(300)), "r.yaml")
    assert len(caught.value.violations) == 101
    assert caught.value.violations[-1].field == "r.yaml:104:1"
    assert caught.value.violations[-1].description == "more faults from here on"


@settings(max_examples=400)
@given(mutations(FULL))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert_placed(parse_rule_set, text)
