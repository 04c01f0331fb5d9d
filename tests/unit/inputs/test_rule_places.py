"""Places in the text of a rule set."""

import pytest

from sourcier.inputs.rule_places import RulePlaces

TEXT = """rule_set: main
fees:
  - fee: 3
  - fee: 1
    zones: [north, "05",
            south]
consolidation:
  - {hub: wh, methods: [Home_Delivery]}
protection:
  safety_stock:
    - {units: 1}
"""


@pytest.mark.parametrize(
    ("path", "name", "place"),
    [
        ("fees[1].zones", "north", "5:13"),
        ("fees[1].zones", "05", "5:20"),
        ("fees[1].zones", "south", "6:13"),
        ("fees[1].zones", "west", "5:5"),
        ("fees[1].min_value", "", "4:5"),
        ("fees[7].zones", "north", "2:1"),
        ("consolidation[0].hub", "wh", "8:11"),
        ("consolidation[0].methods", "home_delivery", "8:25"),
        ("protection.safety_stock", "", "10:3"),
        ("prices", "", "1:1"),
    ],
)
def test_the_deepest_part_that_is_there_is_the_place(path: str, name: str, place: str) -> None:
    assert RulePlaces(TEXT, "r.yaml").of(path, name) == f"r.yaml:{place}"
