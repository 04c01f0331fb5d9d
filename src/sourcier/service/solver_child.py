"""One solver process: reads models from its standard input, a socket, and answers each on the same socket.

Run as ``python -m sourcier.service.solver_child PARENT_PID MEMORY_BYTES MODULE:FUNCTION``. A message is eight bytes of
length and a pickle: ``(solve_ms, arguments)`` comes in, ``(solution, error)`` goes out, one of them None. The first
message out, ``(None, None)``, says that the solver is loaded: imported, and its module's ``load()`` called if it has
one. The process ends with its parent, however that ends.
"""

import ctypes
import importlib
import math
import os
import pickle
import resource
import signal
import struct
import sys
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO, Final

LENGTH: Final = struct.Struct(">Q")
CPU_SLACK_SECONDS: Final = 5
"""CPU time beyond the budget at which the kernel ends the child, should the parent be unable to."""

_PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Serve models until the parent closes the socket."""
    parent_pid, memory_bytes, entry = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    die_with(parent_pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the parent decides
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    solve = load_entry(entry)
    with open(0, "rb", closefd=False) as inbox, open(0, "wb", closefd=False) as outbox:
        send(outbox, (None, None))
        while (message := receive(inbox)) is not None:
            solve_ms, arguments = message
            limit_cpu(solve_ms)
            send(outbox, answer(solve, arguments))


def die_with(parent_pid: int) -> None:
    """Have the kernel kill this process when the thread that started it ends; leave at once if it already has."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent_pid:
        raise SystemExit(0)


def load_entry(entry: str) -> Callable[..., Any]:
    """The function ``module:name``, with everything loaded that its module would load on first use."""
    module_name, _, name = entry.partition(":")
    module = importlib.import_module(module_name)
    if hasattr(module, "load"):
        module.load()
    function: Callable[..., Any] = getattr(module, name)
    return function


def limit_cpu(solve_ms: int) -> None:
    """Allow this process the CPU time of one more solve."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = usage.ru_utime + usage.ru_stime
    soft = math.ceil(used + solve_ms / 1_000) + CPU_SLACK_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def answer(solve: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[object, str | None]:
    """The solution, or why there is none."""
    try:
        return solve(*arguments), None
    except Exception:
        return None, traceback.format_exc()


def receive(inbox: BinaryIO) -> Any:
    """The next message, or None when the parent has closed the socket."""
    head = inbox.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = inbox.read(length)
    return pickle.loads(body) if len(body) == length else None


def send(outbox: BinaryIO, message: object) -> None:
    """Write one message."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    outbox.write(LENGTH.pack(len(body)) + body)
    outbox.flush()


if __name__ == "__main__":
    main()
