"""Prove the ledger from itself: recompute every figure from journals and lines, and list what differs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sourcier.ledger import queries, queries_audit
from sourcier.ledger.store import Tx

EXAMPLES_MAX: Final = 20  # violations listed per identity


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """`violations` is empty when all identities hold; `counts` says how much was looked at."""

    violations: tuple[str, ...]
    counts: Mapping[str, int]


def audit(tx: Tx) -> AuditReport:
    """Check every identity on one snapshot, read-only; at most `EXAMPLES_MAX` violations of each are listed."""
    tx.tell(queries.NO_TIMEOUT)
    violations = [
        f"{what}: {', '.join(str(part) for part in row)}"
        for what, identity in queries_audit.IDENTITIES
        for row in tx.ask(identity, num_max=EXAMPLES_MAX)
    ]
    counts = {str(name): int(count) for name, count in tx.ask(queries_audit.COUNTS)}
    return AuditReport(violations=tuple(violations), counts=counts)
