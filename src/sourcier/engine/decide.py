"""The decision: which offers fill an order at least cost, with the proof.

`decide_steps` is sans I/O: it yields a Model when only the solver can settle the answer and takes a Solution, or None
if the solver failed. `decide` drives it with the solver in this process.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TypeVar

import numpy as np

from sourcier.domain.order import Cart
from sourcier.domain.plan import Decision, Plan, Status
from sourcier.engine import check, explain
from sourcier.engine.alike import Proven
from sourcier.engine.available import Available
from sourcier.engine.certificates import Outset
from sourcier.engine.compile import CompiledRules, IntArray
from sourcier.engine.joined import Joined, alone, by_way
from sourcier.engine.offers import Problem, build
from sourcier.engine.plans import Basis, latest_arrival, pulled_forward, write_plans
from sourcier.engine.prefilter import Lanes
from sourcier.engine.proof import Answer, prove, prove_from, settled
from sourcier.engine.refine import Model, Solution
from sourcier.engine.seen import Room, Seen, named, room_on, seen_from
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget, solve

T = TypeVar("T")
Steps = Generator[Model, Solution | None, T]


def decide(cart: Cart, snapshot: Snapshot, rules: CompiledRules, budget: Budget) -> Decision:
    """Decide an order, with the solver in this process. Raises the Refusals of `engine.prefilter`."""
    return drive(decide_steps(cart, snapshot, rules), lambda model: solve(model, budget))


def drive(steps: Steps[T], answer: Callable[[Model], Solution | None]) -> T:
    """Run a generator of models to its end."""
    try:
        model = next(steps)
        while True:
            model = steps.send(answer(model))
    except StopIteration as stop:
        result: T = stop.value
        return result


def side_by_side(runs: Iterable[Steps[T]]) -> Steps[list[T]]:
    """What each of the runs returns: first every one goes as far as it gets without a solver, then they take turns.

    Each model says how many other runs wait for a solver meanwhile.
    """
    found: dict[int, T] = {}
    asking: deque[tuple[int, Steps[T], Model]] = deque()
    for position, run in enumerate(runs):
        try:
            asking.append((position, run, next(run)))
        except StopIteration as stop:
            found[position] = stop.value
    while asking:
        position, run, model = asking.popleft()
        solution = yield replace(model, waiting=len(asking))
        try:
            asking.append((position, run, run.send(solution)))
        except StopIteration as stop:
            found[position] = stop.value
    return [result for _, result in sorted(found.items(), key=itemgetter(0))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What could serve an order, as seen at one moment: the lanes `found`, what was `available`; `seen`, but for the
    cart, and `room` are what the checker holds plans against."""

    snapshot: Snapshot
    rules: CompiledRules
    found: Lanes
    available: Available
    seen: Seen
    room: Room
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An order over everything in sight that could serve it; any number of decisions follow from it.

    Its problem is the one of that `number` among those of all ways to get the order (None: without offers), `way` the
    only one in question (`engine.trips.way_of`; None: any).
    """

    cart: Cart
    sight: Sight
    joined: Joined
    number: int | None
    way: int | None = None

    @property
    def problem(self) -> Problem:
        """The whole order's; cut out anew on every call where there are several ways."""
        offers = self.joined.offers
        return offers.restricted(slice(0)) if self.number is None else self.joined.problem(self.number)

    @property
    def lanes(self) -> IntArray:
        """Its positions among the lanes in sight."""
        of = self.sight.found.way
        return np.arange(len(of)) if self.way is None else np.flatnonzero(of == self.way)


def prepare(
    cart: Cart,
    snapshot: Snapshot,
    rules: CompiledRules,
    *,
    complete: bool = False,
    pickups: Sequence[tuple[int, int]] = (),
    reasons: bool = True,
) -> Prepared:
    """Look at stock, capacity and time once. `complete`: every unit or nothing, and never for its price (promises).

    `pickups` are (service, store) pairs by which it may be collected as well; every way is then decided as a `part`.
    Without `reasons` nothing is said about the nodes that are not in it.
    """
    problem, found, available = build(cart, snapshot, rules, complete=complete, pickups=pickups, reasons=reasons)
    sight = Sight(
        snapshot=snapshot,
        rules=rules,
        found=found,
        available=available,
        seen=seen_from(cart, snapshot, rules, available, complete=complete),
        room=room_on(snapshot, found),
        version=snapshot.version,
    )
    return Prepared(cart=cart, sight=sight, joined=alone(problem), number=0 if problem.num_offers else None)


def parts(whole: Prepared, asked: Sequence[tuple[Cart, int]]) -> list[Prepared]:
    """Of an order prepared for several ways, each `Cart` that asks for one of them (`engine.trips.way_of`) alone."""
    joined, positions = by_way(whole.problem, np.array([way for _, way in asked]))
    numbers = {position: number for number, position in enumerate(positions)}
    return [
        Prepared(cart=cart, sight=whole.sight, joined=joined, number=numbers.get(position), way=way)
        for position, (cart, way) in enumerate(asked)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An answer before its plan is written: over `problem`, that of `prepared` or the same with tighter limits."""

    prepared: Prepared
    problem: Problem
    answer: Answer

    @property
    def ships(self) -> bool:
        """Whether anything ships."""
        return len(self.answer.cover.offers) > 0

    @property
    def latest(self) -> int:
        """The day (an ordinal) on which the customer has everything that ships; something must."""
        return latest_arrival(self.answer)


def decide_steps(
    cart: Cart, snapshot: Snapshot, rules: CompiledRules, *, complete: bool = False, explained: bool = True
) -> Steps[Decision]:
    """Decide an order step by step. `complete`: every unit or nothing, and never for its price (promises).

    `explained` False leaves `left_out` empty. The answer is checked against the stock, capacity and status seen at the
    start; PlanRejected means a fault of the engine, never of the input.
    """
    prepared = prepare(cart, snapshot, rules, complete=complete, reasons=explained)
    found = yield from settle(prepared, prepared.problem)
    (decision,) = written([found], explained=explained)
    return decision


def settle(prepared: Prepared, problem: Problem, proven: list[Proven] | None = None) -> Steps[Settled]:
    """The best answer over `problem`: the prepared one, or that one over fewer offers or with tighter limits.

    `proven` are the proofs of other problems of the same promise. Every shipment is pulled forward to the first
    departure at which its node sends the same for the same price.
    """
    answer = settled((yield from prove(problem, proven)), problem)
    return Settled(prepared=prepared, problem=problem, answer=pulled_forward(answer))


def settle_from(prepared: Prepared, outset: Outset, proven: list[Proven]) -> Steps[Settled]:
    """The same of a problem of which the first certificates are known."""
    answer = settled((yield from prove_from(outset, proven)), outset.problem)
    return Settled(prepared=prepared, problem=outset.problem, answer=pulled_forward(answer))


def written(found: Sequence[Settled], *, explained: bool = True) -> list[Decision]:
    """Decisions with their plans, each checked against what was seen. Raises PlanRejected: a fault of the engine."""
    alike: dict[int, list[int]] = {}
    for position, one in enumerate(found):
        alike.setdefault(id(one.prepared.sight), []).append(position)
    decisions: dict[int, Decision] = {}
    for positions in alike.values():
        together = _written_together([found[position] for position in positions], explained=explained)
        decisions.update(zip(positions, together, strict=True))
    return [decisions[position] for position in range(len(found))]


def _written_together(found: Sequence[Settled], *, explained: bool) -> list[Decision]:
    """Decisions from the same sight: what their plans and the checker look up is looked up once."""
    sight = found[0].prepared.sight
    basis = Basis(
        cart=found[0].prepared.cart,
        network=sight.snapshot.network,
        rules=sight.rules,
        found=sight.found,
        available=sight.available,
    )
    plans = write_plans(basis, [one.answer for one in found])
    decisions = [_decision(one, plan, explained=explained) for one, plan in zip(found, plans, strict=True)]
    lanes = np.concatenate([one.answer.problem.lane[one.answer.cover.offers] for one in found])
    seen = replace(sight.seen, left=named(sight.snapshot, sight.found, sight.room, lanes))
    check.accept([(decision, one.prepared.cart) for one, decision in zip(found, decisions, strict=True)], seen)
    return decisions


def _decision(one: Settled, plan: Plan, *, explained: bool) -> Decision:
    sight, answer = one.prepared.sight, one.answer
    return Decision(
        status=_status(answer, plan),
        plan=plan,
        objective_micros=answer.cover.objective,
        bound_micros=answer.bound,
        proof=answer.proof,
        left_out=explain.left_out(one.problem, sight.found, answer, sight.snapshot) if explained else (),
        rule_set_revision=sight.rules.revision_name,
        snapshot_version=sight.version,
    )


def _status(answer: Answer, plan: Plan) -> Status:
    if not plan.shipments:
        return Status.UNFILLABLE
    if answer.bound == answer.cover.objective:
        return Status.OPTIMAL
    return Status.DEGRADED if answer.solver_failed else Status.FEASIBLE
