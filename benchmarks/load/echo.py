"""A server set up like the real one that does no work: ``python -m benchmarks.load.echo FILE [--guard]``.

It decodes the request and encodes an answer that the real server gave, put into FILE as a pickled dictionary from the
method's name to the bytes. It prints where it serves and ends with SIGTERM.
"""

import argparse
import asyncio
import os
import pickle
import signal
from pathlib import Path
from typing import Any

import grpc
import uvloop

from sourcier.processes.cores import stay_on_one_core
from sourcier.processes.threads import share_interpreter
from sourcier.rpc.interceptors import Guard
from sourcier.rpc.lines import in_lines
from sourcier.rpc.server import CONCURRENT_CALLS_MAX, OPTIONS
from sourcier.v1 import (
    inventory_pb2_grpc,
    network_pb2_grpc,
    rules_pb2_grpc,
    sourcing_pb2,
    sourcing_pb2_grpc,
)


class Echo(sourcing_pb2_grpc.SourcingServiceServicer):
    """Answers what it was given, whatever is asked."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self._promises = sourcing_pb2.PromiseDeliveryResponse.FromString(answers["promise"])
        self._allocation = sourcing_pb2.Allocation.FromString(answers["allocate"])

    async def PromiseDelivery(self, request: Any, context: Any) -> sourcing_pb2.PromiseDeliveryResponse:
        """One answer for all."""
        return self._promises

    async def Allocate(self, request: Any, context: Any) -> sourcing_pb2.Allocation:
        """One answer for all."""
        return self._allocation


async def serve(answers: dict[str, bytes], *, guarded: bool) -> None:
    """Serve until SIGTERM."""
    server = grpc.aio.server(
        interceptors=(Guard(),) if guarded else (), options=OPTIONS, maximum_concurrent_rpcs=CONCURRENT_CALLS_MAX
    )
    # What they do not answer is unimplemented, and nobody asks for it.
    sourcing = Echo(answers)  # type: ignore[abstract]
    inventory = inventory_pb2_grpc.InventoryServiceServicer()  # type: ignore[abstract]
    network = network_pb2_grpc.NetworkServiceServicer()  # type: ignore[abstract]
    rules = rules_pb2_grpc.RuleServiceServicer()  # type: ignore[abstract]
    lines = in_lines(server)
    sourcing_pb2_grpc.add_SourcingServiceServicer_to_server(sourcing, lines)
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(inventory, lines)
    network_pb2_grpc.add_NetworkServiceServicer_to_server(network, lines)
    rules_pb2_grpc.add_RuleServiceServicer_to_server(rules, lines)
    port = server.add_insecure_port("127.0.0.1:0")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await server.start()
    print(f"echo serves on 127.0.0.1:{port}", flush=True)
    await stop.wait()
    await server.stop(0)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("answers", type=Path)
    parser.add_argument("--guard", action="store_true", help="put the server's guard before it")
    options = parser.parse_args()
    share_interpreter()
    stay_on_one_core(os.getpid())
    uvloop.run(serve(pickle.loads(options.answers.read_bytes()), guarded=options.guard))


if __name__ == "__main__":
    main()
