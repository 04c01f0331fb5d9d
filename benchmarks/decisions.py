"""Are decisions the same as before? Records the objectives of 20,000 decisions and compares two records.

    .venv/bin/python -m benchmarks.decisions record FILE.csv.gz [--every N] [--solve-ms N]
    .venv/bin/python -m benchmarks.decisions compare BEFORE.csv.gz AFTER.csv.gz

The worlds and orders come from seeds (`benchmarks.worlds`). A row says what the best plan costs, how far below its
bound is, and what proved it. Decisions that the clock cut off are not repeatable: only where both records are proven
must the objectives be equal. A proven objective must also lie within what the other record left open.
"""

import argparse
import csv
import gzip
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Final, NamedTuple

from benchmarks.online_retail import data as shared
from benchmarks.worlds import World, worlds
from sourcier.domain.errors import Refusal
from sourcier.domain.plan import Proof
from sourcier.engine.compile import compile_network, compile_rules
from sourcier.engine.decide import decide_steps, drive
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.solver import Budget, load, solve

SOLVE_MS: Final = 200
SHOWN_MAX: Final = 20  # differences that are listed one by one
REFUSED: Final = "refused"
NO_PLAN: Final = "no plan"  # nothing ships of an order that must be filled: none was found, or there is none

NOT_PROVEN: Final = "not proven"
LABELS: Final = (*Proof, REFUSED, NO_PLAN, NOT_PROVEN)


class Row(NamedTuple):
    """One decision: what the plan costs and how much less a plan may cost at best, micros; what proved it."""

    objective: int
    gap: int
    proof: str

    @property
    def proven(self) -> bool:
        """Whether no plan costs less."""
        return self.gap == 0 and self.proof != NO_PLAN

    @property
    def label(self) -> str:
        """What proved it, or why nothing did."""
        return self.proof if self.proven or self.proof == NO_PLAN else NOT_PROVEN


Record = dict[tuple[str, int], Row]
"""By the name of the world and the position of the order in it."""


def decided(world: World, every: int, budget: Budget) -> Iterator[tuple[tuple[str, int], Row]]:
    """Each `every`-th order of a world, decided with the solver in this process."""
    snapshot = Snapshot(compile_network(world.network))
    snapshot.put_rows(world.rows)
    snapshot.put_supplies(world.supplies)
    rules = compile_rules(world.rules, "ruleSets/decisions/revisions/1")
    for index in range(0, len(world.asked), every):
        cart, complete = world.asked[index]
        steps = decide_steps(cart, snapshot, rules, complete=complete, explained=False)
        try:
            found = drive(steps, lambda model: solve(model, budget))
        except Refusal:
            row = Row(objective=0, gap=0, proof=REFUSED)
        else:
            proof = NO_PLAN if complete and not found.plan.shipments else found.proof.value
            row = Row(objective=found.objective_micros, gap=found.gap_micros, proof=proof)
        yield (world.name, index), row


def record(path: Path, every: int, budget: Budget, data: Path) -> None:
    """Decide all orders and write a row for each."""
    load()
    proofs: Counter[str] = Counter()
    start, number = process_time(), 0
    with gzip.open(path, "wt", encoding="utf-8", newline="", compresslevel=9) as file:
        writer = csv.writer(file)
        writer.writerow(("world", "order", *Row._fields))
        for world in worlds(data):
            for (name, index), row in decided(world, every, budget):
                writer.writerow((name, index, *row))
                proofs[row.label] += 1
                number += 1
    spent = process_time() - start
    shares = ", ".join(f"{proof.lower()} {count / number:.2%}" for proof, count in proofs.most_common())
    print(f"{number} decisions in {spent:.0f} s of CPU: {shares}")


def read(path: Path) -> Record:
    """A record as it was written."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return {
            (row["world"], int(row["order"])): Row(int(row["objective"]), int(row["gap"]), row["proof"])
            for row in csv.DictReader(file)
        }


def contradicts(one: Row, other: Row) -> bool:
    """Whether the two cannot both be true."""
    if REFUSED in (one.proof, other.proof):
        return one.proof != other.proof
    if NO_PLAN in (one.proof, other.proof):
        return False
    return one.objective - one.gap > other.objective or other.objective - other.gap > one.objective


def compare(before: Record, after: Record) -> int:
    """Print what is the same and what is not; the number of contradictions."""
    both = before.keys() & after.keys()
    wrong = sorted(key for key in both if contradicts(before[key], after[key]))
    proven = [key for key in both if before[key].proven and after[key].proven]
    same = sum(before[key].objective == after[key].objective for key in proven)
    print(f"{len(both)} decisions in both records, {len(before) - len(both)} and {len(after) - len(both)} in one alone")
    print(f"{len(proven)} proven in both: {same} objectives are identical, {len(proven) - same} differ")
    for label, one, other in (("before", before, after), ("after", after, before)):
        only = [key for key in both if one[key].proven and not other[key].proven]
        better = sum(other[key].objective == one[key].objective for key in only)
        print(f"{len(only)} proven {label} alone, of which the other found {better} optima without a proof")
    left = [(before[key], after[key]) for key in both if not before[key].proven and not after[key].proven]
    cheaper, dearer = (sum(a.objective < b.objective for b, a in left), sum(a.objective > b.objective for b, a in left))
    print(f"{len(left)} proven in neither: {cheaper} plans cost less than before, {dearer} more")
    for name, rows in (("before", before), ("after", after)):
        found = Counter(rows[key].label for key in both)
        print(f"{name:6}", ", ".join(f"{label.lower()} {found[label]}" for label in LABELS))
    print(f"{len(wrong)} contradictions")
    for key in wrong[:SHOWN_MAX]:
        print(f"  {key[0]}, order {key[1]}: {before[key]} and {after[key]}")
    return len(wrong)


def main(arguments: list[str]) -> int:
    """The command; fails where two records contradict each other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decisions", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="decide and write a record")
    recording.add_argument("file", type=Path)
    recording.add_argument("--every", type=int, default=1, help="only each N-th order of every world")
    recording.add_argument("--solve-ms", type=int, default=SOLVE_MS, help="of solver for one decision")
    recording.add_argument("--data", type=Path, default=shared.SHARED_DATA, help="the shared data")
    comparing = commands.add_parser("compare", help="compare two records")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    given = parser.parse_args(arguments)
    if given.command == "record":
        record(given.file, given.every, Budget(solve_ms=given.solve_ms), given.data)
        return 0
    return 1 if compare(read(given.before), read(given.after)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
