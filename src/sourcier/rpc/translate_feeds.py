"""What the feeds of inventory.proto have in common: batches of records, the verdicts on them, filtered pages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, TypeVar

from sourcier.domain.limits import FILTERS_PER_REQUEST_MAX
from sourcier.domain.stock import BatchAnswer, RecordResult, Verdict
from sourcier.rpc.fields import Check, EnumTable
from sourcier.rpc.translate_common import request_key
from sourcier.service.commands import RequestKey
from sourcier.v1 import inventory_pb2 as pb

VERDICTS: Final = EnumTable(pb.Verdict, Verdict, "VERDICT")
APPLIED: Final = Verdict.APPLIED
ANSWERS_KEPT: Final = 16  # sizes of batches; feeds use one or two

M = TypeVar("M")
R = TypeVar("R")
Response = TypeVar("Response", pb.ApplyStockResponse, pb.ApplySupplyResponse)


def parse_batch(
    method: str, request: pb.ApplyStockRequest | pb.ApplySupplyRequest, records_max: int
) -> tuple[RequestKey, str]:
    """What identifies a batch of at most `records_max` records, and its source. Raises FIELD_INVALID."""
    check = Check()
    key = request_key(check, method, request, request.request_id)
    source = check.text("source", request.source)
    check.count("records", request.records, 1, records_max)
    check.finish()
    return key, source


def parse_records(
    messages: Iterable[M], parse: Callable[[Check, M], R]
) -> tuple[tuple[R, ...], tuple[RecordResult, ...]]:
    """Every record that the domain can say, and the verdicts on those that it cannot. The ledger judges the rest."""
    records, rejected = [], []
    check = Check()
    for index, message in enumerate(messages):
        record = parse(check, message)
        if check.faults:
            rejected.append(rejected_record(index, check))
            check = Check()
        else:
            records.append(record)
    return tuple(records), tuple(rejected)


def rejected_record(index: int, check: Check) -> RecordResult:
    """The verdict on a record that the domain cannot say: the first of its faults."""
    return RecordResult(index=index, verdict=Verdict.REJECTED, reason=f"{check.faults[0].field.upper()}_INVALID")


def merge_rejected(answer: BatchAnswer, rejected: Sequence[RecordResult]) -> BatchAnswer:
    """The answer to a whole batch: `answer` counts only the records that are not in `rejected`."""
    if not rejected:
        return answer
    results = answer.each()
    taken = {result.index for result in rejected}
    free = (index for index in range(len(results) + len(rejected)) if index not in taken)
    placed = [replace(result, index=index) for result, index in zip(results, free, strict=True)]
    whole = sorted([*placed, *rejected], key=lambda result: result.index)
    return BatchAnswer(results=tuple(whole), num_records=len(whole))


def format_answer(kind: type[Response], request_id: str, answer: BatchAnswer) -> Response:
    """The response to one batch: one verdict per record."""
    response = kind(request_id=request_id)
    response.results.MergeFrom(_all_applied(len(answer)).results)
    for result in answer.results:
        message = response.results[result.index]
        message.verdict = VERDICTS.to_proto[result.verdict]
        message.reason = result.reason
        if result.expected_seq is not None:
            message.expected_seq = result.expected_seq
    return response


@lru_cache(maxsize=ANSWERS_KEPT)
def _all_applied(num_records: int) -> pb.ApplyStockResponse:
    """The usual verdicts on a batch of that size, to be copied: that is ten times faster than to write them."""
    response = pb.ApplyStockResponse()
    for index in range(num_records):
        response.results.add(index=index, verdict=VERDICTS.to_proto[APPLIED])
    return response


def parse_filters(
    request: pb.GetStockRequest | pb.GetSupplyRequest,
) -> tuple[tuple[str, ...], tuple[str, ...], int, str]:
    """Node ids, SKUs, page size and page token; raises FIELD_INVALID with every fault."""
    check = Check()
    node_ids = check.texts("node_ids", request.node_ids, FILTERS_PER_REQUEST_MAX)
    skus = check.texts("skus", request.skus, FILTERS_PER_REQUEST_MAX)
    page_size, page_token = check.page(request.page_size, request.page_token)
    check.finish()
    return node_ids, skus, page_size, page_token
