"""Sends a network, a rule set and stock to a server through the API, as any feed would."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from sourcier.client import Client
from sourcier.domain.limits import STOCK_RECORDS_PER_BATCH_MAX
from sourcier.domain.network import Network
from sourcier.domain.stock import StockRecord, Verdict
from sourcier.rpc.translate_inventory import VERDICTS, fill_stock_record
from sourcier.rpc.translate_network import fill_network
from sourcier.v1 import inventory_pb2, network_pb2, rules_pb2

TROUBLES_MAX = 20  # records with trouble that are kept, of all that are counted


@dataclass(slots=True, kw_only=True)
class StockSent:
    """What became of the records that were sent: how many by verdict, and the first ones with trouble."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    troubles: list[tuple[StockRecord, Verdict, str]] = field(default_factory=list)

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
) -> StockSent:
    """Send records in batches; `advance` hears how many more were answered."""
    sent = StockSent()
    waiting: dict[str, list[StockRecord]] = {}

    def requests() -> Iterator[inventory_pb2.ApplyStockRequest]:
        left = iter(records)
        while batch := list(islice(left, STOCK_RECORDS_PER_BATCH_MAX)):
            request = inventory_pb2.ApplyStockRequest(request_id=str(uuid.uuid4()), source=source)
            for record in batch:
                fill_stock_record(request.records.add(), record)
            waiting[request.request_id] = batch
            yield request

    async for response in client.apply_stock(requests()):
        batch = waiting.pop(response.request_id)
        for result in response.results:
            verdict = VERDICTS.to_domain[result.verdict]
            sent.verdicts[verdict] += 1
            if verdict in (Verdict.REJECTED, Verdict.GAP) and len(sent.troubles) < TROUBLES_MAX:
                sent.troubles.append((batch[result.index], verdict, result.reason))
        advance(len(batch))
    return sent
