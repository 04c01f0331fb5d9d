"""One solver process: reads models from its standard input, a socket, and answers each on the same socket.

Run as ``python -m sourcier.service.solver_child PARENT_PID MEMORY_BYTES MODULE:FUNCTION``. ``(solve_ms, arguments)``
comes in, ``(solution, error)`` goes out, one of them None. The first message out, ``(None, None)``, says that the
solver is loaded: imported, and its module's ``load()`` called if it has one. The process ends with its parent, however
that ends.
"""

import importlib
import math
import resource
import sys
import traceback
from collections.abc import Callable
from typing import Any, Final

from sourcier.processes.frames import receive, send
from sourcier.processes.parent import die_with, leave_signals_to_parent

CPU_SLACK_SECONDS: Final = 5
"""CPU time beyond the budget at which the kernel ends the child, should the parent be unable to."""


def main() -> None:
    """Serve models until the parent closes the socket."""
    parent_pid, memory_bytes, entry = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    die_with(parent_pid)
    leave_signals_to_parent()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    solve = load_entry(entry)
    with open(0, "rb", closefd=False) as inbox, open(0, "wb", closefd=False) as outbox:
        send(outbox, (None, None))
        while (message := receive(inbox)) is not None:
            solve_ms, arguments = message
            limit_cpu(solve_ms)
            send(outbox, answer(solve, arguments))


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


if __name__ == "__main__":
    main()
