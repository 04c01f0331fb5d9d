"""Takes one batch of one source into the ledger, once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from sourcier.ledger import requests
from sourcier.ledger.store import Tx
from sourcier.service import codec
from sourcier.service.commands import RequestKey
from sourcier.service.refusals import network_not_applied

if TYPE_CHECKING:
    from sourcier.service.app import App

A = TypeVar("A")


class Batch(Protocol):
    """A command with the identity of its request."""

    @property
    def key(self) -> RequestKey:
        """What identifies the batch."""
        ...


B = TypeVar("B", bound=Batch)


async def apply_once(app: "App", batch: B, apply: Callable[[Tx, B], A], kind: type[A]) -> A:
    """The answer of `apply` (of type `kind`) to a batch, or what it got when it came before.

    It is given after the commit, when this server's decisions know of it. Raises REQUEST_ID_REUSED when the id came
    with another batch before, and NETWORK_NOT_APPLIED, because without a network every node is unknown.
    """
    await _demand_network(app)
    response = await app.write(_apply, batch, apply)
    await app.snapshots.abreast()
    return codec.load(kind, response)


async def _demand_network(app: "App") -> None:
    if not app.snapshots.network_revision:
        await app.snapshots.abreast()
        if not app.snapshots.network_revision:
            raise network_not_applied()


def _apply(tx: Tx, batch: B, apply: Callable[[Tx, B], A]) -> bytes:
    """The batch and its answer in one transaction. A duplicate that comes beside it waits there for the answer."""
    _, stored = requests.begin(tx, batch.key)
    if stored is not None:
        return stored
    response = codec.dump(apply(tx, batch))
    requests.finish(tx, batch.key, response)
    return response
