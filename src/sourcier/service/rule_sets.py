"""Stores, activates and reads revisions of rule sets."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from sourcier.domain.errors import Reason, Violation, invalid
from sourcier.domain.network import Network
from sourcier.ledger import activation, registry
from sourcier.ledger.activation import Activate
from sourcier.ledger.commands import Replayed, StoredNetwork, StoredRuleSet
from sourcier.service import codec, deadline, replay
from sourcier.service.commands import ActivateRuleSet, CreateRuleSetRevision, RuleSetRevision
from sourcier.service.pages import read_token, write_token
from sourcier.service.picture import RULES_FILENAME, compiled
from sourcier.service.refusals import rule_set_mismatch, rule_set_not_found
from sourcier.service.rule_texts import mismatched, read_rule_set

if TYPE_CHECKING:
    from sourcier.service.app import App


async def create_revision(app: "App", request: CreateRuleSetRevision) -> RuleSetRevision:
    """Check a rule set and store it as the next revision; nothing is in force by that.

    The answer warns of what the rule set names and the network does not have, if there is one. With `validate_only` it
    has revision 0. Raises RULE_SET_INVALID with every fault as ``rules.yaml:line:col``.
    """
    warnings = await asyncio.to_thread(_check, request, app.snapshots.network)
    if request.validate_only:
        return RuleSetRevision(
            rule_set_id=request.rule_set_id,
            revision=0,
            yaml=request.yaml,
            comment=request.comment,
            created_at=app.clock(),
            active=False,
            warnings=warnings,
        )

    async def work() -> RuleSetRevision:
        outcome = await app.write(
            registry.add_rule_set_revision,
            request.key,
            request.rule_set_id,
            request.yaml.encode(),
            request.comment,
            partial(_respond, warnings=warnings),
        )
        return await _restore(outcome.response if isinstance(outcome, Replayed) else outcome[1])

    return await replay.once(app, request.key, work, _restore)


async def activate(app: "App", request: ActivateRuleSet) -> RuleSetRevision:
    """Put a stored revision in force; the answer is given when every stock row keeps back what it says.

    Meanwhile rows keep back what either revision says. Past the caller's time the activation goes on; a retry with the
    same request id is refused with CONTENDED until it is done. Raises RULE_SET_NOT_FOUND, CONTENDED (also when another
    network was applied meanwhile), and RULE_SET_MISMATCH with everything that the rule set names and the network in
    force does not have.
    """

    async def work() -> RuleSetRevision:
        stored = await app.read(registry.get_rule_set_revision, request.rule_set_id, request.revision)
        if stored is None:
            raise rule_set_not_found(f"ruleSets/{request.rule_set_id}/revisions/{request.revision}")
        rules = await asyncio.to_thread(compiled, stored)
        network_revision = await _demand_fit(app, stored)
        command = Activate(
            method=request.key.method,
            request_id=request.key.request_id,
            fingerprint=request.key.fingerprint,
            rule_set_id=request.rule_set_id,
            revision=request.revision,
            floors=rules.protection.floors_by_name,
            network_revision=network_revision,
        )
        outcome = await deadline.wait(asyncio.to_thread(activation.activate, app.ledger, command, _respond))
        await app.snapshots.abreast()
        return await _restore(outcome.response)

    return await replay.once(app, request.key, work, _restore)


async def get_rule_set(app: "App", rule_set_id: str, revision: int | None) -> RuleSetRevision:
    """One revision, the newest when `revision` is None. Raises RULE_SET_NOT_FOUND."""
    stored = await app.read(registry.get_rule_set_revision, rule_set_id, revision)
    if stored is None:
        suffix = "" if revision is None else f"/revisions/{revision}"
        raise rule_set_not_found(f"ruleSets/{rule_set_id}{suffix}")
    return _answer(stored)


async def list_rule_sets(app: "App", page_size: int, page_token: str) -> tuple[tuple[RuleSetRevision, ...], str]:
    """One page of all revisions by rule set and number, and the token of the next (empty: last).

    Raises FIELD_INVALID for a foreign page token.
    """
    after = read_token(page_token, tuple[str, int], ("", 0))
    page, last = await app.read(registry.list_rule_sets, page_size, after)
    return tuple(_answer(stored) for stored in page), write_token(last)


def _check(request: CreateRuleSetRevision, network: Network | None) -> tuple[Violation, ...]:
    """What the network does not have of the rule set; raises RULE_SET_INVALID."""
    rule_set = read_rule_set(request.yaml, RULES_FILENAME)
    if rule_set.rule_set_id != request.rule_set_id:
        description = f"the text says {rule_set.rule_set_id!r}, the request {request.rule_set_id!r}"
        raise invalid([Violation(field="rule_set_id", description=description)], Reason.RULE_SET_INVALID)
    return () if network is None else mismatched(request.yaml, RULES_FILENAME, network)


async def _demand_fit(app: "App", rules: StoredRuleSet) -> int:
    """The revision of the network in force (0: there is none), which must have all that the rule set names."""
    network = await app.read(registry.get_network)
    if network is None:
        return 0
    found = await asyncio.to_thread(_misfits, rules, network)
    if found:
        raise rule_set_mismatch(f"ruleSets/{rules.rule_set_id}/revisions/{rules.revision}", found)
    return network.revision


def _misfits(rules: StoredRuleSet, network: StoredNetwork) -> tuple[Violation, ...]:
    return mismatched(rules.document.decode(), RULES_FILENAME, codec.load(Network, network.document))


def _answer(stored: StoredRuleSet, warnings: tuple[Violation, ...] = ()) -> RuleSetRevision:
    return RuleSetRevision(
        rule_set_id=stored.rule_set_id,
        revision=stored.revision,
        yaml=stored.document.decode(),
        comment=stored.comment,
        created_at=stored.created_at,
        active=stored.active,
        warnings=warnings,
    )


def _respond(stored: StoredRuleSet, warnings: tuple[Violation, ...] = ()) -> bytes:
    return codec.dump(_answer(stored, warnings))


async def _restore(stored: bytes) -> RuleSetRevision:
    return codec.load(RuleSetRevision, stored)
