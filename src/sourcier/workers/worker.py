"""One worker: a whole server, started by the supervisor as ``python -m sourcier.workers.worker PARENT_PID [LINK]``.

Standard input is a socket to the supervisor. An `Assignment` comes first; (True, None) goes back when the worker
serves, or (False, why) when it cannot. Each further message asks it to end: the first to finish what is under way, the
second to end at once. LINK is the descriptor of a socket to the owner of a SQLite ledger.
"""

import asyncio
import contextlib
import socket
import sys
from typing import TYPE_CHECKING

import structlog
import uvloop

from sourcier.bootstrap import build
from sourcier.domain.errors import Refusal
from sourcier.logs import configure_logs
from sourcier.processes.cores import stay_on_one_core
from sourcier.processes.frames import frame, read
from sourcier.processes.parent import die_with, leave_signals_to_parent
from sourcier.processes.threads import share_interpreter
from sourcier.rpc.server import Ending, Listen, serve

if TYPE_CHECKING:
    from sourcier.workers.assignment import Assignment


def main() -> None:
    """Serve until told to end."""
    parent_pid, *links = map(int, sys.argv[1:])
    die_with(parent_pid)
    leave_signals_to_parent()
    configure_logs()
    share_interpreter()
    raise SystemExit(uvloop.run(_work(socket.socket(fileno=links[0]) if links else None)))


async def _work(link: socket.socket | None) -> int:
    """Serve until the supervisor wants an end; the exit code."""
    reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=0))
    assignment: Assignment = await read(reader)
    config, ending = assignment.config, Ending()
    structlog.contextvars.bind_contextvars(worker=assignment.number)
    stay_on_one_core(assignment.number)
    listening = asyncio.create_task(_listen(reader, ending))
    listen = Listen(host=config.host, port=assignment.port, drain_seconds=config.drain_seconds, share_port=True)
    try:
        await serve(build(config, link=link), listen, ending, ready=lambda _: writer.write(frame((True, None))))
    except (Refusal, OSError) as failure:
        writer.write(frame((False, failure)))
        await writer.drain()
        return 1
    finally:
        listening.cancel()
    return 0


async def _listen(reader: asyncio.StreamReader, ending: Ending) -> None:
    """Hear when the supervisor wants this worker to end; when the supervisor itself is gone, the kernel ends it."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            await read(reader)
            ending.ask()


if __name__ == "__main__":
    main()
