"""Sends a network, a rule set, stock and dated supply to a server through the API, as any feed would."""

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, TypeVar

from sourcier.client import Client
from sourcier.domain.limits import STOCK_RECORDS_PER_BATCH_MAX, SUPPLY_RECORDS_PER_BATCH_MAX
from sourcier.domain.network import Network
from sourcier.domain.stock import StockRecord, Verdict
from sourcier.domain.supply import SupplyRecord
from sourcier.rpc.translate_feeds import VERDICTS
from sourcier.rpc.translate_inventory import fill_stock_record
from sourcier.rpc.translate_network import fill_network
from sourcier.rpc.translate_supply import fill_supply_record
from sourcier.v1 import inventory_pb2, network_pb2, rules_pb2

R = TypeVar("R", StockRecord, SupplyRecord)
Q = TypeVar("Q", inventory_pb2.ApplyStockRequest, inventory_pb2.ApplySupplyRequest)
Answers = AsyncIterator[inventory_pb2.ApplyStockResponse] | AsyncIterator[inventory_pb2.ApplySupplyResponse]

TROUBLES_MAX = 20  # records with trouble that are kept, of all that are counted


@dataclass(slots=True, kw_only=True)
class Sent(Generic[R]):
    """What became of the records that were sent: how many by verdict, and the first ones with trouble."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    troubles: list[tuple[R, Verdict, str]] = field(default_factory=list)

    @property
    def num_troubled(self) -> int:
        """Records that need the source's attention."""
        return self.verdicts[Verdict.REJECTED] + self.verdicts[Verdict.GAP]


async def load_network(client: Client, network: Network) -> network_pb2.Network:
    """Replace the server's network."""
    request = network_pb2.ApplyNetworkRequest()
    fill_network(request.network, network)
    return await client.apply_network(request)


async def load_rule_set(client: Client, rule_set_id: str, text: str, comment: str) -> rules_pb2.RuleSetRevision:
    """Store a rule set as a new revision and put it in force."""
    stored = await client.create_rule_set_revision(
        rules_pb2.CreateRuleSetRevisionRequest(rule_set_id=rule_set_id, yaml=text, comment=comment)
    )
    return await client.activate_rule_set(rules_pb2.ActivateRuleSetRequest(name=stored.name))


async def load_stock(
    client: Client, source: str, records: Iterable[StockRecord], advance: Callable[[int], None]
) -> Sent[StockRecord]:
    """Send records in batches; `advance` hears how many more were answered."""
    waiting: dict[str, list[StockRecord]] = {}
    kind, size = inventory_pb2.ApplyStockRequest, STOCK_RECORDS_PER_BATCH_MAX
    requests = _requests(kind, source, records, size, fill_stock_record, waiting)
    return await _sent(client.apply_stock(requests), waiting, advance)


async def load_supply(
    client: Client, source: str, records: Iterable[SupplyRecord], advance: Callable[[int], None]
) -> Sent[SupplyRecord]:
    """Send records of dated supply in batches; `advance` hears how many more were answered."""
    waiting: dict[str, list[SupplyRecord]] = {}
    kind, size = inventory_pb2.ApplySupplyRequest, SUPPLY_RECORDS_PER_BATCH_MAX
    requests = _requests(kind, source, records, size, fill_supply_record, waiting)
    return await _sent(client.apply_supply(requests), waiting, advance)


def _requests(
    kind: type[Q],
    source: str,
    records: Iterable[R],
    size: int,
    fill: Callable[[Any, R], None],
    waiting: dict[str, list[R]],
) -> Iterator[Q]:
    """The records in requests of at most `size`, noted in `waiting` by request id until they are answered."""
    left = iter(records)
    while batch := list(islice(left, size)):
        request = kind(request_id=str(uuid.uuid4()), source=source)
        for record in batch:
            fill(request.records.add(), record)
        waiting[request.request_id] = batch
        yield request


async def _sent(answers: Answers, waiting: dict[str, list[R]], advance: Callable[[int], None]) -> Sent[R]:
    sent: Sent[R] = Sent()
    async for response in answers:
        batch = waiting.pop(response.request_id)
        for result in response.results:
            verdict = VERDICTS.to_domain[result.verdict]
            sent.verdicts[verdict] += 1
            if verdict in (Verdict.REJECTED, Verdict.GAP) and len(sent.troubles) < TROUBLES_MAX:
                sent.troubles.append((batch[result.index], verdict, result.reason))
        advance(len(batch))
    return sent
