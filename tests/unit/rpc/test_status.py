"""Refusals as statuses: every kind and reason there and back, and never too large for a client to read."""

import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from sourcier.domain.errors import Kind, Reason, Refusal, Violation, invalid
from sourcier.rpc import status

CLIENT_METADATA_BYTES = 8_192


def details(message: status_pb2.Status) -> dict[str, object]:
    found = {}
    for detail in message.details:
        kind = detail.TypeName().rpartition(".")[2]
        assert kind not in found
        found[kind] = getattr(error_details_pb2, kind).FromString(detail.value)
    return found


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("reason", Reason)
def test_refusals_go_there_and_back(kind: Kind, reason: Reason) -> None:
    refusal = Refusal(
        kind=kind,
        reason=reason,
        message="no",
        metadata={"node_id": "near"},
        violations=(Violation(field="a.b[1]", description="is bad"),),
    )
    message = status.to_status(refusal)
    assert message.code == code_pb2.Code.Value(kind.value)
    back = status.parse_status(message)
    assert back is not None
    assert (back.kind, back.reason, back.message) == (kind, reason, "no")
    assert (back.metadata, back.violations) == (refusal.metadata, refusal.violations)


def test_every_error_names_its_reason_and_our_domain() -> None:
    message = status.to_status(Refusal(kind=Kind.NOT_FOUND, reason=Reason.HOLD_NOT_FOUND, message="no"))
    (info,) = details(message).values()
    assert info == error_details_pb2.ErrorInfo(reason="HOLD_NOT_FOUND", domain="sourcier")


def test_reasons_fit_the_rule_for_reasons() -> None:
    assert all(len(reason) <= 63 and reason.isupper() for reason in Reason)


@pytest.mark.parametrize("reason", status.RETRY_MS)
def test_passing_states_say_when_to_come_back(reason: Reason) -> None:
    message = status.to_status(Refusal(kind=Kind.UNAVAILABLE, reason=reason, message="no"))
    retry = details(message)["RetryInfo"]
    assert isinstance(retry, error_details_pb2.RetryInfo)
    typical = status.RETRY_MS[reason]
    assert typical / 2 <= retry.retry_delay.ToMilliseconds() <= typical * 3 / 2


def test_a_status_of_someone_else_is_none_of_ours() -> None:
    assert status.parse_status(status_pb2.Status(code=14, message="proxy")) is None
    other = status_pb2.Status(code=14)
    other.details.add().Pack(error_details_pb2.ErrorInfo(reason="OVERLOADED", domain="example"))
    assert status.parse_status(other) is None
    newer = status_pb2.Status(code=14)
    newer.details.add().Pack(error_details_pb2.ErrorInfo(reason="NOT_YET_INVENTED", domain="sourcier"))
    assert status.parse_status(newer) is None


@pytest.mark.parametrize("count", [1, 40, 50_000])
@pytest.mark.parametrize("text", ["is bad", "ü" * 10_000])
def test_any_number_of_faults_fits_the_trailers(count: int, text: str) -> None:
    refusal = invalid([Violation(field=f"lines[{i}].{text}", description=text) for i in range(count)])
    refusal.metadata = {f"key{i}": text for i in range(100)}
    refusal.message = "ü" * 10_000
    message = status.to_status(refusal)
    trailers = rpc_status.to_status(message).trailing_metadata
    base64 = sum(len(value) * 4 // 3 for _, value in trailers)
    percent_encoded = sum(1 if byte < 128 else 3 for byte in message.message.encode())
    assert base64 + percent_encoded < CLIENT_METADATA_BYTES
    back = status.parse_status(message)
    assert back is not None
    omitted = int(back.metadata.get("violations_omitted", 0))
    assert len(back.metadata) <= status.METADATA_ENTRIES_MAX + 1
    assert len(back.violations) + omitted == count
    assert back.violations


def test_internal_errors_say_nothing_but_their_id() -> None:
    refusal = status.internal("abc")
    assert (refusal.kind, refusal.metadata) == (Kind.INTERNAL, {"error_id": "abc"})
