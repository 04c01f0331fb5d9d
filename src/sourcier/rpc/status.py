"""Refusals as gRPC statuses with rich errors: ErrorInfo always, BadRequest for faults, RetryInfo where waiting helps.

A status travels in the trailing metadata, which clients limit to 8 KiB; details are cut to fit and say so.
"""

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from sourcier.domain.errors import Kind, Reason, Refusal, Violation

if TYPE_CHECKING:
    import grpc

DOMAIN: Final = "sourcier"

CODES: Final[Mapping[Kind, int]] = {kind: code_pb2.Code.Value(kind.value) for kind in Kind}

RETRY_MS: Final[Mapping[Reason, int]] = {
    Reason.CONTENDED: 50,
    Reason.UNDECIDED: 500,
    Reason.OVERLOADED: 200,
    Reason.SHUTTING_DOWN: 100,
    Reason.DATABASE_UNAVAILABLE: 1_000,
}
"""Milliseconds after which a retry makes sense, on average; each answer names its own to spread the callers."""

# Together, the details in base64 and the message percent-encoded, these stay below 8 KiB.
MESSAGE_BYTES_MAX: Final = 400
TEXT_BYTES_MAX: Final = 160  # of one value of ErrorInfo, one field path or one description
METADATA_ENTRIES_MAX: Final = 8
VIOLATIONS_BYTES_MAX: Final = 2_500  # of the encoded BadRequest


def malformed() -> Refusal:
    """The bytes of a request are not the message they should be."""
    return Refusal(
        kind=Kind.INVALID_ARGUMENT,
        reason=Reason.MALFORMED_MESSAGE,
        message="the request could not be decoded: it is not the message that this method takes",
    )


def overloaded() -> Refusal:
    """More calls are under way than this server carries."""
    return Refusal(
        kind=Kind.RESOURCE_EXHAUSTED,
        reason=Reason.OVERLOADED,
        message="too many calls are under way; retry later",
    )


def shutting_down() -> Refusal:
    """This server ends; another one, or this one a moment later, takes the call."""
    return Refusal(
        kind=Kind.UNAVAILABLE,
        reason=Reason.SHUTTING_DOWN,
        message="this server is shutting down; retry with the same request id",
    )


def internal(error_id: str) -> Refusal:
    """Something unexpected; the log has the rest under the same id."""
    return Refusal(
        kind=Kind.INTERNAL,
        reason=Reason.INTERNAL,
        message=f"internal error {error_id}; the server's log has it under this id",
        metadata={"error_id": error_id},
    )


def to_status(refusal: Refusal) -> status_pb2.Status:
    """The google.rpc.Status of a refusal."""
    metadata = {
        key: _cut(value, TEXT_BYTES_MAX) for key, value in list(refusal.metadata.items())[:METADATA_ENTRIES_MAX]
    }
    bad_request, left_over = _bad_request(refusal)
    if left_over:
        metadata["violations_omitted"] = str(left_over)
    details: list[error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo] = [
        error_details_pb2.ErrorInfo(reason=refusal.reason.value, domain=DOMAIN, metadata=metadata)
    ]
    if refusal.violations:
        details.append(bad_request)
    if refusal.reason in RETRY_MS:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(round(RETRY_MS[refusal.reason] * random.uniform(0.5, 1.5)))
        details.append(retry)
    status = status_pb2.Status(code=CODES[refusal.kind], message=_cut(refusal.message, MESSAGE_BYTES_MAX))
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _bad_request(refusal: Refusal) -> tuple[error_details_pb2.BadRequest, int]:
    """As many violations as fit, and how many do not."""
    bad_request = error_details_pb2.BadRequest()
    size = 0
    for index, violation in enumerate(refusal.violations):
        entry = error_details_pb2.BadRequest.FieldViolation(
            field=_cut(violation.field, TEXT_BYTES_MAX),
            description=_cut(violation.description, TEXT_BYTES_MAX),
        )
        size += entry.ByteSize() + 4
        if size > VIOLATIONS_BYTES_MAX:
            return bad_request, len(refusal.violations) - index
        bad_request.field_violations.append(entry)
    return bad_request, 0


def _cut(text: str, bytes_max: int) -> str:
    encoded = text.encode()
    return text if len(encoded) <= bytes_max else encoded[: bytes_max - 3].decode(errors="ignore") + "…"


def parse_status(status: status_pb2.Status) -> Refusal | None:
    """The refusal that `to_status` made a status of; None when it is not one of ours."""
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        for known in (info, bad_request):
            if detail.Is(known.DESCRIPTOR):
                detail.Unpack(known)
    kind = next((kind for kind, code in CODES.items() if code == status.code), None)
    if info.domain != DOMAIN or info.reason not in Reason.__members__ or kind is None:
        return None
    return Refusal(
        kind=kind,
        reason=Reason(info.reason),
        message=status.message,
        metadata=dict(info.metadata),
        violations=tuple(
            Violation(field=entry.field, description=entry.description) for entry in bad_request.field_violations
        ),
    )


async def abort(context: "grpc.aio.ServicerContext[Any, Any]", refusal: Refusal) -> None:
    """End the call with the refusal's status. Raises, as gRPC wants it."""
    status = rpc_status.to_status(to_status(refusal))
    await context.abort(status.code, status.details, status.trailing_metadata)
