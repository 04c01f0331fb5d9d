"""Errors as a caller should see them: the gRPC code, the reason, every fault, the error id. Never a traceback."""

from typing import Any, Final

import grpc
from rich.console import Console
from rich.text import Text

from sourcier.domain.errors import Kind, Refusal

UNREACHED: Final = frozenset({Kind.UNAVAILABLE.value, Kind.DEADLINE_EXCEEDED.value})
"""The codes of a call that no server answered (when it is gRPC's own error) or that ran out of time."""


def failure(error: Refusal | grpc.aio.AioRpcError) -> dict[str, Any]:
    """An error as plain values: `code`, `reason`, `message`, `metadata`, `violations`."""
    if isinstance(error, Refusal):
        return {
            "code": error.kind.value,
            "reason": error.reason.value,
            "message": error.message,
            "metadata": dict(error.metadata),
            "violations": [{"field": fault.field, "description": fault.description} for fault in error.violations],
        }
    return {
        "code": error.code().name,
        "reason": "",
        "message": error.details() or "the server said nothing more",
        "metadata": {},
        "violations": [],
    }


def is_unreached(error: Refusal | grpc.aio.AioRpcError) -> bool:
    """Whether no answer came: nothing listens there, or not in time."""
    if isinstance(error, Refusal):
        return error.kind is Kind.DEADLINE_EXCEEDED
    return error.code().name in UNREACHED


def show_failure(console: Console, error: Refusal | grpc.aio.AioRpcError, doing: str = "") -> None:
    """Print an error: one line of what happened, then one line for every fault.

    The message of a refusal with violations repeats the first of them, so the violations stand for it.
    """
    told = failure(error)
    code = f"{told['code']} / {told['reason']}" if told["reason"] else told["code"]
    line = Text.assemble((code, "bold red"), f" {doing}" if doing else "")
    if not told["violations"]:
        line.append(f": {told['message']}")
    console.print(line, soft_wrap=True)
    for fault in told["violations"]:
        console.print(Text(f"  {fault['field']}: {fault['description']}"), soft_wrap=True)
    if omitted := told["metadata"].get("violations_omitted"):
        console.print(Text(f"  and {omitted} more faults that did not fit into the answer"))
    if error_id := told["metadata"].get("error_id"):
        console.print(Text(f"  error id {error_id}: the server's log has the rest under it"), soft_wrap=True)
