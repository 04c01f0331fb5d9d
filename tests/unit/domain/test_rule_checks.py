"""What a rule set names beside what a network has."""

from dataclasses import replace

import pytest
from tests.service.shop import NETWORK

from sourcier.domain.network import Method, Network, PostalRange, Service, TransferLane, TransitBand, Zone
from sourcier.domain.rule_checks import mismatches
from sourcier.domain.rules import Consolidation, Constraints, Fee, Prices, RuleSet

RULES = RuleSet(rule_set_id="main", channels=("web",), prices=Prices(), constraints=Constraints())
ISLAND = Zone(zone_id="island", ranges=(PostalRange(country_code="DE", low="18", high="18"),))
LANE = TransferLane(from_node_id="far", to_node_id="near", service_id="ground")
FULL = replace(NETWORK, zones=(ISLAND,), transfer_lanes=(LANE,))
AT_HOME = frozenset({Method.HOME_DELIVERY})


def fees(*zones: str) -> RuleSet:
    entries = (Fee(fee_micros=1), Fee(fee_micros=2, zone_ids=frozenset(zones)))
    return replace(RULES, fees=entries)


def meeting(hub_id: str, methods: frozenset[Method] = AT_HOME) -> RuleSet:
    return replace(RULES, consolidation=(Consolidation(hub_id=hub_id, methods=methods),))


@pytest.mark.parametrize("rules", [RULES, fees("island"), meeting("near")])
def test_what_the_network_has_is_fine(rules: RuleSet) -> None:
    assert mismatches(rules, FULL) == []


def test_every_zone_that_is_not_there_is_told() -> None:
    found = mismatches(fees("island", "islet", "moon"), FULL)
    assert [(one.path, one.name) for one in found] == [("fees[1].zones", "islet"), ("fees[1].zones", "moon")]
    assert found[0].known == {"island"}
    assert found[0].problem == "'islet' is not a zone of the network"
    assert len(mismatches(fees("island"), NETWORK)) == 1


@pytest.mark.parametrize(
    ("hub_id", "network", "path", "problem"),
    [
        ("nowhere", FULL, "consolidation[0].hub", "'nowhere' is not a node of the network"),
        ("far", FULL, "consolidation[0].hub", "no transfer lane leads to 'far'"),
        (
            "near",
            replace(FULL, nodes=(replace(FULL.nodes[0], services=()), *FULL.nodes[1:])),
            "consolidation[0].methods",
            "no service by home_delivery leaves 'near'",
        ),
    ],
)
def test_a_hub_at_which_nothing_can_meet_is_told(hub_id: str, network: Network, path: str, problem: str) -> None:
    (found,) = mismatches(meeting(hub_id), network)
    assert (found.path, found.problem) == (path, problem)


def test_methods_that_the_network_does_not_offer_at_all_do_no_harm() -> None:
    both = meeting("near", frozenset({Method.HOME_DELIVERY, Method.EXPRESS}))
    assert mismatches(both, FULL) == []
    fast = Service(
        service_id="fast",
        method=Method.EXPRESS,
        transit=(TransitBand(max_distance_m=None, business_days=1),),
        delivery_days=frozenset(range(1, 8)),
    )
    (found,) = mismatches(both, replace(FULL, services=(*FULL.services, fast)))
    assert (found.path, found.name) == ("consolidation[0].methods", "express")
