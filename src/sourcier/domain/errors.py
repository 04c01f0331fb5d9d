"""What a caller can be told: one exception class, one list of reasons, one shape for field violations.

`rpc.status` maps a reason's kind to a gRPC code; `docs/reference/errors.md` lists every reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import partial
from typing import Any


class Kind(StrEnum):
    """The family of a refusal, named after the gRPC code that carries it."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"


class Reason(StrEnum):
    """Stable, machine-readable reasons (`google.rpc.ErrorInfo.reason`)."""

    FIELD_INVALID = "FIELD_INVALID"
    MALFORMED_MESSAGE = "MALFORMED_MESSAGE"
    RULE_SET_INVALID = "RULE_SET_INVALID"
    NETWORK_INVALID = "NETWORK_INVALID"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    POSTAL_CODE_UNKNOWN = "POSTAL_CODE_UNKNOWN"
    CHANNEL_UNKNOWN = "CHANNEL_UNKNOWN"
    SERVICE_UNKNOWN = "SERVICE_UNKNOWN"
    NODE_UNKNOWN = "NODE_UNKNOWN"
    NETWORK_NOT_APPLIED = "NETWORK_NOT_APPLIED"
    RULE_SET_NOT_ACTIVE = "RULE_SET_NOT_ACTIVE"
    RULE_SET_MISMATCH = "RULE_SET_MISMATCH"
    RULE_SET_NOT_FOUND = "RULE_SET_NOT_FOUND"
    ALLOCATION_NOT_FOUND = "ALLOCATION_NOT_FOUND"
    HOLD_NOT_FOUND = "HOLD_NOT_FOUND"
    HOLD_EXPIRED = "HOLD_EXPIRED"
    HOLD_NOT_OPEN = "HOLD_NOT_OPEN"
    HOLD_MISMATCH = "HOLD_MISMATCH"
    PROMISE_TOKEN_INVALID = "PROMISE_TOKEN_INVALID"
    PROMISE_TOKEN_EXPIRED = "PROMISE_TOKEN_EXPIRED"
    PROMISE_MISMATCH = "PROMISE_MISMATCH"
    PROMISE_BROKEN = "PROMISE_BROKEN"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    ORDER_LINE_ALREADY_ALLOCATED = "ORDER_LINE_ALREADY_ALLOCATED"
    ALLOCATION_STATE = "ALLOCATION_STATE"
    SUPPLY_NOT_RECEIVED = "SUPPLY_NOT_RECEIVED"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    NO_PLAN = "NO_PLAN"
    UNDECIDED = "UNDECIDED"
    CONTENDED = "CONTENDED"
    OVERLOADED = "OVERLOADED"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    DEADLINE_TOO_SHORT = "DEADLINE_TOO_SHORT"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One fault of one field of a request or one place of a file.

    `field` is a path such as ``order.lines[2].quantity`` or, for files, ``rules.yaml:5:13``.
    """

    field: str
    description: str


@dataclass(slots=True, kw_only=True, eq=False)
class Refusal(Exception):
    """A request that is answered with an error, for a reason the caller can act on.

    Not frozen: `contextlib` and others set `__traceback__` and `__cause__` on what passes through them.
    """

    kind: Kind
    reason: Reason
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickles between the processes of a server: other exceptions are made anew from positional arguments."""
        return partial(Refusal, **{field.name: getattr(self, field.name) for field in fields(self)}), ()

    def __str__(self) -> str:
        """The message with every violation, one a line: what a person at a terminal needs."""
        return "\n".join([self.message, *(f"{v.field}: {v.description}" for v in self.violations)])


def invalid(violations: list[Violation] | tuple[Violation, ...], reason: Reason = Reason.FIELD_INVALID) -> Refusal:
    """All faults of one request at once."""
    first = violations[0]
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return Refusal(
        kind=Kind.INVALID_ARGUMENT,
        reason=reason,
        message=f"{first.field}: {first.description}{more}",
        metadata={"field": first.field},
        violations=tuple(violations),
    )
