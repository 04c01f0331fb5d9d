"""Plays a story on a driver and says where the answers are not what the story expects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.scenarios import facts
from tests.scenarios.driver import Driver, Promised
from tests.scenarios.story import ASK_KEYS, Story, counts, supplies

from sourcier.domain.availability import AvailabilityQuery
from sourcier.domain.errors import Refusal
from sourcier.domain.order import Order
from sourcier.domain.promise import Choice

PROMISE_KEYS = ASK_KEYS | {"choices", "hold"}
ALLOCATE_KEYS = ASK_KEYS | {"order", "priority", "token", "hold"}
AVAILABILITY_KEYS = {"to", "store", "skus", "channel", "nearby"}


@dataclass(slots=True, kw_only=True)
class Stage:
    """A story under way: promises by the name that their step gave them."""

    story: Story
    driver: Driver
    promised: dict[str, Promised] = field(default_factory=dict)


async def play(story: Story, driver: Driver) -> list[str]:
    """Fill the shop, do every step, and tell every difference with the step's number."""
    stage = Stage(story=story, driver=driver)
    await driver.rules(story.rules[-1])
    await driver.stock(story.stock)
    await driver.supply(story.supply)
    return [fault for number in range(len(story.steps)) for fault in await _step(stage, number)]


async def _step(stage: Stage, number: int) -> list[str]:
    step, story = stage.story.steps[number], stage.story
    at = story.instant(step["at"])
    await stage.driver.at(at)
    try:
        found = await _do(stage, number, step, at)
    except Refusal as refusal:
        found = {"refusal": refusal.reason.value}
    expected = step.get("expect", {})
    path = f"step {number + 1}"
    if "refusal" in found and "refusal" not in expected:
        return [f"{path}: refused with {found['refusal']}"]
    if "options" in expected and "refused" not in expected:
        expected = {**expected, "refused": []}
    return facts.differences(expected, found, story, path)


async def _do(stage: Stage, number: int, step: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    story, driver = stage.story, stage.driver
    match step:
        case {"promise": asked}:
            return await _promise(stage, step.get("as", ""), _known(asked, PROMISE_KEYS), at)
        case {"allocate": asked}:
            return await _allocate(stage, _known(asked, ALLOCATE_KEYS), at)
        case {"availability": asked}:
            return await _availability(stage, _known(asked, AVAILABILITY_KEYS), at)
        case {"rules": _}:
            await driver.rules(story.rules[number])
        case {"stock": stock}:
            await driver.stock(counts(stock, number + 1))
        case {"supply": entries}:
            await driver.supply(supplies(entries, number + 1))
        case {"ship": order_id}:
            await driver.settle(order_id, ship=True)
        case {"cancel": order_id}:
            await driver.settle(order_id, ship=False)
        case {"at_risk": _}:
            return {"promises": await driver.at_risk()}
    return {}


async def _promise(stage: Stage, name: str, asked: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    choices = frozenset(Choice(choice.upper()) for choice in asked.get("choices", ("earliest",)))
    answer = await stage.driver.promise(stage.story.cart(asked, at), choices, asked.get("hold"))
    stage.promised[name] = answer
    return {
        "options": [facts.of_option(promise) for promise in answer.promises.promised],
        "refused": [facts.of_refused(unpromised) for unpromised in answer.promises.unpromised],
        "held": bool(answer.hold),
    }


async def _allocate(stage: Stage, asked: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    order = Order(order_id=asked["order"], cart=stage.story.cart(asked, at), priority=asked.get("priority", 0))
    token = hold = ""
    if "token" in asked:
        kept = stage.promised[asked["token"]["of"]]
        services = [promise.service_id for promise in kept.promises.promised]
        token = kept.tokens[services.index(asked["token"]["service"])]
    if "hold" in asked:
        hold = stage.promised[asked["hold"]].hold
    answer = await stage.driver.allocate(order, token=token, hold=hold)
    return {
        "shipments": facts.of_plan(answer.plan),
        "unfilled": {line.line_id: line.quantity for line in answer.plan.unfilled},
        "kept": facts.of_kept(answer.kept),
        "to_order": facts.to_order(answer.to_order),
    }


async def _availability(stage: Stage, asked: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    query = AvailabilityQuery(
        channel=asked.get("channel", "web"),
        skus=tuple(asked["skus"]),
        destination=stage.story.destination(asked["to"]) if "to" in asked else None,
        store_id=asked.get("store", ""),
        nearby_stores=asked.get("nearby", 3),
    )
    answer = await stage.driver.availability(query, at)
    return {entry.sku: facts.of_sku(entry) for entry in answer.skus}


def _known(asked: Mapping[str, Any], keys: set[str]) -> Mapping[str, Any]:
    if not set(asked) <= keys:
        raise ValueError(f"nobody reads {sorted(set(asked) - keys)}")
    return asked
