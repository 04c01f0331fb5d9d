"""Errors at a terminal: the code, the reason, every fault, the error id."""

import grpc
import pytest
from rich.console import Console

from sourcier.domain.errors import Kind, Reason, Refusal, Violation, invalid
from sourcier.terminal.refusals import failure, is_unreached, show_failure

Error = Refusal | grpc.aio.AioRpcError


def shown(error: Error, doing: str = "") -> list[str]:
    console = Console(width=60, color_system=None)
    with console.capture() as captured:
        show_failure(console, error, doing)
    return captured.get().splitlines()


def wire_error(code: grpc.StatusCode) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details="nobody listens")


def test_every_fault_is_on_a_line_of_its_own() -> None:
    faults = [Violation(field=f"cart.lines[{index}].quantity", description="must be 1 or more") for index in (0, 2)]
    assert shown(invalid(faults), "from here") == [
        "INVALID_ARGUMENT / FIELD_INVALID from here",
        "  cart.lines[0].quantity: must be 1 or more",
        "  cart.lines[2].quantity: must be 1 or more",
    ]


def test_faults_that_did_not_fit_are_counted() -> None:
    refusal = invalid([Violation(field="a", description="is bad")])
    refusal.metadata = {"violations_omitted": "7"}
    assert shown(refusal)[-1] == "  and 7 more faults that did not fit into the answer"


def test_an_internal_error_names_its_id() -> None:
    refusal = Refusal(
        kind=Kind.INTERNAL, reason=Reason.INTERNAL, message="internal error", metadata={"error_id": "e-42"}
    )
    assert shown(refusal) == [
        "INTERNAL / INTERNAL: internal error",
        "  error id e-42: the server's log has the rest under it",
    ]


def test_words_from_elsewhere_are_not_taken_for_markup() -> None:
    refusal = Refusal(kind=Kind.NOT_FOUND, reason=Reason.NODE_UNKNOWN, message="there is no [bold]node[/]")
    assert shown(refusal) == ["NOT_FOUND / NODE_UNKNOWN: there is no [bold]node[/]"]


def test_without_a_server_there_is_no_reason() -> None:
    error = wire_error(grpc.StatusCode.UNAVAILABLE)
    assert shown(error, "from 127.0.0.1:1") == ["UNAVAILABLE from 127.0.0.1:1: nobody listens"]
    assert failure(error) == {
        "code": "UNAVAILABLE",
        "reason": "",
        "message": "nobody listens",
        "metadata": {},
        "violations": [],
    }


@pytest.mark.parametrize(
    ("error", "unreached"),
    [
        (wire_error(grpc.StatusCode.UNAVAILABLE), True),
        (wire_error(grpc.StatusCode.DEADLINE_EXCEEDED), True),
        (wire_error(grpc.StatusCode.UNIMPLEMENTED), False),
        (Refusal(kind=Kind.DEADLINE_EXCEEDED, reason=Reason.DEADLINE_TOO_SHORT, message="late"), True),
        (Refusal(kind=Kind.UNAVAILABLE, reason=Reason.DATABASE_UNAVAILABLE, message="down"), False),
        (Refusal(kind=Kind.NOT_FOUND, reason=Reason.NODE_UNKNOWN, message="no"), False),
    ],
)
def test_only_a_missing_answer_counts_as_unreached(error: Error, unreached: bool) -> None:
    assert is_unreached(error) is unreached
