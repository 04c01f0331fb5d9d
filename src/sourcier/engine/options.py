"""The dated options of one service: which dates are decided, and which of the plans found are worth showing.

Let f(t) be the least cost of a plan for the whole cart that arrives by the date t. It never rises with t, so the
first date at which it is low enough is found by halving. The options are

    EARLIEST           the first t with f(t) finite
    CHEAPEST           the first t with f(t) = f(last)
    FRONTIER           every t with f(t) < f(the date before), as far as FRONTIER_MAX lets
    FEWEST_SHIPMENTS   the same as CHEAPEST, of the plans with the fewest shipments that any plan has

Nothing is decided twice, nor what follows from another decision: the best plan by a date is also the best by every
earlier date at which it has arrived, and a proven bound holds for earlier dates as well.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sourcier.domain.limits import FRONTIER_MAX
from sourcier.domain.plan import NodeReason, Plan
from sourcier.domain.promise import Choice
from sourcier.engine.alike import Proven
from sourcier.engine.bounds import can_fill
from sourcier.engine.decide import Prepared, Settled, Steps, settle, settle_from
from sourcier.engine.joined import alone
from sourcier.engine.outlooks import Outlook, arriving_by, outlooks
from sourcier.engine.prefilter import reject


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An answer that ships the whole cart, everything of which has arrived on `latest` (an ordinal)."""

    settled: Settled
    latest: int

    @property
    def cost(self) -> int:
        """Micros."""
        return self.settled.answer.cover.objective

    @property
    def shipments(self) -> int:
        """How many leave; the parcel of a hub is not counted."""
        return len(self.settled.answer.cover.offers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An answer worth showing, and what it is the best at."""

    settled: Settled
    choices: frozenset[Choice]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """What deciding for plans that arrive by `by` in at most `most` shipments found; `bound`: they cost no less."""

    by: int
    most: int
    found: Found | None
    bound: int


class Search:
    """What is known of one service so far. `dates` are the arrival days (ordinals) by which a plan is conceivable."""

    def __init__(
        self, prepared: Prepared, outlook: Outlook, proven: list[Proven] | None = None, *, explained: bool
    ) -> None:
        whole = prepared.joined.offers
        self.dates = outlook.dates
        self.most = whole.max_shipments or whole.num_offers
        self.found: list[Found] = []
        self._prepared, self._outset, self._explained = prepared, outlook.outset, explained
        self._tried: list[_Tried] = []
        self._proven = [] if proven is None else proven

    def best(self, by: int, most: int | None = None) -> Steps[Found | None]:
        """The cheapest plan that arrives by `by` in at most `most` shipments (None: as many as the rules allow)."""
        most = self.most if most is None else min(most, self.most)
        known = self._known(by, most) if self.found else None
        if self._tried and self._follows(by, most, known):
            return known
        outset = self._outset if by == self.dates[0] and most == self.most else None
        if outset is not None:
            settled = yield from settle_from(self._prepared_by(by), outset, self._proven)
        else:
            part = arriving_by(self._prepared.problem, by)
            if most < self.most:
                part = replace(part, max_shipments=most)
                if not can_fill(part):  # else it can: `by` is among the plausible dates
                    self._tried.append(_Tried(by=by, most=most, found=None, bound=0))
                    return known
            settled = yield from settle(self._prepared_by(by), part, self._proven)
        found = Found(settled=settled, latest=settled.latest) if settled.ships else None
        self._tried.append(_Tried(by=by, most=most, found=found, bound=settled.answer.bound))
        if found is None:
            return known
        self.found.append(found)
        return found if known is None or found.cost < known.cost else known

    def _known(self, by: int, most: int) -> Found | None:
        """The cheapest such plan among those found so far."""
        fit = [found for found in self.found if found.latest <= by and found.shipments <= most]
        return min(fit, key=lambda found: (found.cost, found.latest), default=None)

    def _prepared_by(self, by: int) -> Prepared:
        """The same order; where it is explained, nodes of which nothing arrives by then come too late for it."""
        return _told_apart(self._prepared, by) if self._explained else self._prepared

    def _follows(self, by: int, most: int, known: Found | None) -> bool:
        """Whether what was tried settles it: no wider search found a plan, or `known` is as good as one found there."""
        wider = [tried for tried in self._tried if tried.by >= by and tried.most >= most]
        if any(tried.found is None for tried in wider):
            return True
        return known is not None and any(
            known.cost <= tried.bound or (tried.found is not None and known.cost <= tried.found.cost) for tried in wider
        )


def options(
    prepared: Prepared,
    choices: Collection[Choice],
    *,
    outlook: Outlook | None = None,
    proven: list[Proven] | None = None,
    explained: bool = False,
) -> Steps[tuple[Option, ...]]:
    """The options wanted, earliest first; none where no plan brings the whole cart. Equal options are merged.

    `outlook` is that of the prepared problem, if it is known that there are dates; `proven` are the proofs of other
    ways so far.
    """
    if outlook is None and (outlook := _outlook_of(prepared)) is None:
        return ()
    search = Search(prepared, outlook, proven, explained=explained)
    first = last = None
    points: list[Found] = []
    if Choice.EARLIEST in choices or Choice.FRONTIER in choices:
        first = yield from _first_date(search, search.dates)
        if first is None:
            return ()
    if Choice.CHEAPEST in choices or Choice.FRONTIER in choices:
        last = yield from _cheapest(search)
    if first is not None and last is not None and Choice.FRONTIER in choices:
        points = yield from _frontier(search, first, last)
    if Choice.FEWEST_SHIPMENTS in choices:
        yield from _fewest(search)
    return _chosen(search.found, points, choices)


def earliest(prepared: Prepared) -> Steps[Found | None]:
    """The cheapest plan for the first date that has one."""
    outlook = _outlook_of(prepared)
    if outlook is None:
        return None
    search = Search(prepared, outlook, explained=False)
    return (yield from _first_date(search, search.dates))


def _outlook_of(prepared: Prepared) -> Outlook | None:
    """That of its problem alone, if there is a date by which it could come."""
    if prepared.number is None:
        return None
    (outlook,) = outlooks(alone(prepared.problem))
    return outlook


def arrival(plan: Plan) -> int:
    """The day (an ordinal) on which the customer has everything."""
    last = plan.shipments if plan.onward is None else (plan.onward,)
    return max(shipment.deliver_on for shipment in last).toordinal()


def _told_apart(prepared: Prepared, by: int) -> Prepared:
    """The same order; nodes none of whose offers arrive by the day `by` come too late for it."""
    sight, problem = prepared.sight, prepared.problem
    late = np.zeros(len(sight.found.reason), dtype=np.bool_)
    late[problem.node] = True
    late[problem.node[problem.arrival <= by]] = False
    reason = sight.found.reason.copy()
    reject(reason, late, NodeReason.TOO_LATE)
    return replace(prepared, sight=replace(sight, found=replace(sight.found, reason=reason)))


def _first(
    keys: tuple[int, ...], attempt: Callable[[int], Steps[Found | None]], key_of: Callable[[Found], int]
) -> Steps[Found | None]:
    """What the first of the ascending `keys` finds that finds anything; where one does, every later one would.

    The first key is tried, then the last, then the keys between are halved. `key_of` tells the least key at which
    something found would have been found as well.
    """
    best: Found | None = None
    probe = 0
    while keys:
        found = yield from attempt(keys[probe])
        if found is not None:
            best, keys = found, keys[: bisect_left(keys, key_of(found))]
        elif best is None and probe == 0:
            keys = keys[1:]
            probe = len(keys) - 1
            continue
        elif best is None:
            return None
        else:
            keys = keys[probe + 1 :]
        probe = len(keys) // 2
    return best


def _first_date(
    search: Search, dates: tuple[int, ...], *, most: int | None = None, ceiling: int | None = None
) -> Steps[Found | None]:
    """The best plan by the first of `dates` by which a plan in at most `most` shipments costs at most `ceiling`."""
    return (yield from _first(dates, partial(_cheap, search, most, ceiling), lambda found: found.latest))


def _cheap(search: Search, most: int | None, ceiling: int | None, by: int) -> Steps[Found | None]:
    """The best plan by a date, if it costs at most `ceiling`."""
    found = yield from search.best(by, most)
    return found if found is not None and (ceiling is None or found.cost <= ceiling) else None


def _cheapest(search: Search) -> Steps[Found | None]:
    """The cheapest plan there is, on the first date on which it can be had."""
    best = yield from search.best(search.dates[-1])
    if best is None:
        return None
    dates = search.dates[: bisect_left(search.dates, best.latest)]
    return (yield from _first_date(search, dates, ceiling=best.cost)) or best


def _fewest(search: Search) -> Steps[None]:
    """Find the fewest shipments, then the least they cost, then the first date on which they can be had so."""
    last = search.dates[-1]
    whole = yield from search.best(last)
    if whole is None:
        return
    fewer = tuple(range(1, whole.shipments))
    best = (yield from _first(fewer, lambda most: search.best(last, most), lambda found: found.shipments)) or whole
    dates = search.dates[: bisect_left(search.dates, best.latest)]
    yield from _first_date(search, dates, most=best.shipments, ceiling=best.cost)


def _frontier(search: Search, first: Found, last: Found) -> Steps[list[Found]]:
    """Plans that no plan beats in cost and date, from the earliest to the cheapest, at most FRONTIER_MAX.

    A gap is (date, cost) by which f is known, and the next plan known; it is halved at its middle date. What is found
    there is moved forward to the first date at its cost, so that it is a point whatever else is found.
    """
    points = [first, last] if last.cost < first.cost else [first]
    gaps = deque([(first.latest, first.cost, last)])
    while gaps and len(points) < FRONTIER_MAX:
        since, cost, following = gaps.popleft()
        dates = _between(search.dates, since, following.latest)
        if not dates or cost <= following.cost:
            continue
        middle = dates[len(dates) // 2]
        found = yield from search.best(middle)
        assert found is not None, "what can be had by one date can be had by every later one"
        if found.cost >= cost:
            gaps.append((middle, cost, following))
            continue
        moved = yield from _first_date(search, _between(search.dates, since, found.latest), ceiling=found.cost)
        found = moved or found
        points.append(found)
        gaps += [(since, cost, found), (middle, found.cost, following)]
    return points


def _between(dates: tuple[int, ...], after: int, before: int) -> tuple[int, ...]:
    return dates[bisect_right(dates, after) : bisect_left(dates, before)]


def _chosen(found: Iterable[Found], points: Iterable[Found], choices: Collection[Choice]) -> tuple[Option, ...]:
    """What is best at each of the choices, equal ones merged; of equal cost and date the one with fewer shipments."""
    pool = list(found)
    if len(pool) < 2:  # nothing to choose from
        return tuple([Option(settled=one.settled, choices=frozenset(choices)) for one in pool])
    alike: dict[tuple[int, int], Found] = {}
    for one in sorted(pool, key=lambda one: one.shipments):
        alike.setdefault((one.latest, one.cost), one)
    best_at: dict[Choice, Callable[[], list[tuple[int, int]]]] = {
        Choice.EARLIEST: lambda: [min(alike)],
        Choice.CHEAPEST: lambda: [min(alike, key=lambda key: (key[1], key[0]))],
        Choice.FEWEST_SHIPMENTS: lambda: [min(alike, key=lambda key: (alike[key].shipments, key[1], key[0]))],
        Choice.FRONTIER: lambda: [(one.latest, one.cost) for one in points if not _is_beaten(one, pool)],
    }
    labels: dict[tuple[int, int], set[Choice]] = {}
    for choice in choices:
        for key in best_at[choice]():
            labels.setdefault(key, set()).add(choice)
    return tuple(Option(settled=alike[key].settled, choices=frozenset(labels[key])) for key in sorted(labels))


def _is_beaten(one: Found, pool: list[Found]) -> bool:
    """Whether another plan is as early and as cheap, and not equal in both."""
    return any(
        other.latest <= one.latest and other.cost <= one.cost and (other.latest, other.cost) != (one.latest, one.cost)
        for other in pool
    )
