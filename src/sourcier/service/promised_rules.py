"""The rules by which something was promised, when others are in force by now."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sourcier.engine.compile import CompiledRules
from sourcier.ledger import registry
from sourcier.service import deadline, picture

if TYPE_CHECKING:
    from sourcier.service.app import App

RULE_SETS_KEPT: Final = 16


class PromisedRules:
    """Compiled revisions by name, the last few that were asked for."""

    def __init__(self) -> None:
        self._known: dict[str, CompiledRules] = {}

    async def get(self, app: "App", name: str) -> CompiledRules:
        """The revision of that name, which was in force once; revisions are never deleted."""
        known = self._known.get(name)
        if known is None:
            _, rule_set_id, _, revision = name.split("/")
            stored = await app.read(registry.get_rule_set_revision, rule_set_id, int(revision))
            assert stored is not None, f"{name} was in force and is gone"
            known = await deadline.wait(asyncio.to_thread(picture.compiled, stored))
            if len(self._known) >= RULE_SETS_KEPT:
                self._known.pop(next(iter(self._known)))
            self._known[name] = known
        return known


def under_protection(promised: CompiledRules, active: CompiledRules) -> CompiledRules:
    """The rules of a promise with the protection in force, which the ledger keeps whatever was promised."""
    rule_set = replace(promised.rule_set, safety_stock=active.rule_set.safety_stock)
    return replace(promised, rule_set=rule_set, protection=active.protection)


def at_the_quantile(active: CompiledRules, promised: CompiledRules) -> CompiledRules:
    """The rules in force, with transit measured as when it was promised."""
    promising = replace(active.rule_set.promising, quantile_bp=promised.rule_set.promising.quantile_bp)
    return replace(active, rule_set=replace(active.rule_set, promising=promising))
