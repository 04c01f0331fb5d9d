"""What can be promised: per service, the earliest date for the whole cart and the cheapest plan that makes it."""

from dataclasses import replace
from datetime import date

import numpy as np

from sourcier.domain.order import Cart
from sourcier.domain.plan import Decision
from sourcier.domain.promise import Promise, Promises, Unpromised
from sourcier.domain.rules import DeliverBy
from sourcier.engine.bounds import can_fill
from sourcier.engine.compile import CompiledRules
from sourcier.engine.decide import Steps, decide_steps
from sourcier.engine.offers import Problem, build
from sourcier.engine.prefilter import locate, wanted_services
from sourcier.engine.snapshot import Snapshot


def promise_steps(cart: Cart, snapshot: Snapshot, rules: CompiledRules, *, explained: bool = False) -> Steps[Promises]:
    """Promise a cart by every service it allows. Raises the Refusals of `engine.prefilter`.

    The promised date is the first one for which a plan for the whole cart exists; dates that plainly have not enough
    stock are passed over without a decision. A cart's own deliver-by date cuts off later promises.
    """
    firm = replace(
        rules,
        rule_set=replace(rules.rule_set, constraints=replace(rules.rule_set.constraints, deliver_by=DeliverBy.HARD)),
    )
    _, time_zone = locate(snapshot.network, cart.destination)
    version = snapshot.version
    promised, unpromised = [], []
    for index in wanted_services(cart, snapshot.network):
        service = snapshot.network.network.services[index]
        mine = replace(cart, services=(service.service_id,))
        result = yield from _earliest(mine, snapshot, firm, explained=explained)
        if isinstance(result, Decision):
            shipments = result.plan.shipments
            latest = max(s.deliver_on for s in shipments)
            promised.append(
                Promise(
                    method=service.method,
                    service_id=service.service_id,
                    order_by=min(s.order_by for s in shipments),
                    ship_by=max(s.ship_by for s in shipments),
                    earliest=latest,
                    latest=latest,
                    time_zone=time_zone,
                    decision=result,
                )
            )
        else:
            unpromised.append(
                Unpromised(method=service.method, service_id=service.service_id, reason=result[0], line_ids=result[1])
            )
    promised.sort(key=lambda p: (p.latest, p.decision.objective_micros, p.service_id))
    return Promises(
        promised=tuple(promised),
        unpromised=tuple(unpromised),
        rule_set_revision=rules.revision_name,
        snapshot_version=version,
    )


def _earliest(
    cart: Cart, snapshot: Snapshot, rules: CompiledRules, *, explained: bool
) -> Steps[Decision | tuple[str, tuple[str, ...]]]:
    """The decision for the earliest feasible date, or why there is none and the lines that no date can fill.

    What can be had by one date can be had by every later one, so after the first date the last one is tried, and then
    the dates between are halved.
    """
    problem, _, seen = build(cart, snapshot, rules, complete=True)
    if problem.num_offers == 0:
        reason = "OUT_OF_STOCK" if not (seen > 0).any() else "NO_LANE"
        return reason, tuple(line.line_id for line in cart.lines)
    short = _short_lines(cart, problem)
    if short:
        return "OUT_OF_STOCK", short
    dates = _plausible_dates(problem)
    best: Decision | None = None
    probe = 0
    while dates:
        dated = replace(cart, deliver_by=date.fromordinal(dates[probe]))
        decision = yield from decide_steps(dated, snapshot, rules, complete=True, explained=explained)
        if decision.plan.shipments:
            best, dates = decision, dates[:probe]
        elif best is None and probe == 0:
            dates = dates[1:]
            probe = len(dates) - 1
            continue
        elif best is None:
            break
        else:
            dates = dates[probe + 1 :]
        probe = len(dates) // 2
    return best or ("NO_PLAN", ())


def _short_lines(cart: Cart, problem: Problem) -> tuple[str, ...]:
    """Lines whose units exceed all that every offer together could bring, on any date."""
    starts = np.flatnonzero(np.r_[True, problem.node[1:] != problem.node[:-1]])
    reachable = np.maximum.reduceat(problem.supply, starts, axis=1).sum(axis=1)
    return tuple(
        cart.lines[position].line_id
        for d in np.flatnonzero(reachable < problem.quantity)
        for position in problem.lines_of[d]
    )


def _plausible_dates(problem: Problem) -> list[int]:
    """Arrival ordinals, ascending, by which the offers could bring every unit as far as `bounds.can_fill` sees."""
    return [
        int(arrival)
        for arrival in np.unique(problem.arrival)
        if can_fill(problem.restricted(np.flatnonzero(problem.arrival <= arrival)))
    ]
