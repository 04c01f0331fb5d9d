"""Every RPC of the API has its method, and it is ours."""

import inspect

import pytest
from tests.rpc.wire import RPCS, Rpc

from sourcier.rpc import servicers

SERVICERS = {
    "SourcingService": servicers.SourcingServicer,
    "InventoryService": servicers.InventoryServicer,
    "NetworkService": servicers.NetworkServicer,
    "RuleService": servicers.RuleServicer,
}


@pytest.mark.parametrize("rpc", RPCS.values(), ids=RPCS)
def test_every_rpc_is_served(rpc: Rpc) -> None:
    service, method = rpc.path.strip("/").split("/")
    handler = vars(SERVICERS[service.rpartition(".")[2]])[method]
    streams = rpc.streaming or rpc.watching
    assert inspect.isasyncgenfunction(handler) if streams else inspect.iscoroutinefunction(handler)
    assert inspect.getdoc(handler)


def test_no_servicer_has_more_than_the_api() -> None:
    served = {name for kind in SERVICERS.values() for name in vars(kind) if name[0].isupper()}
    assert served == set(RPCS)
