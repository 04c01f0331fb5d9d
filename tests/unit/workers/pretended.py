"""A worker that does not serve, for tests of the supervisor; ``PRETENDED`` says what it does instead.

It notes each start as a file in ``PRETENDED_FOLDER``.
"""

import os
import sys
import time
from pathlib import Path

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.processes.frames import receive, send
from sourcier.processes.parent import die_with, leave_signals_to_parent


def main() -> None:
    die_with(int(sys.argv[1]))
    leave_signals_to_parent()
    with open(0, "rb", closefd=False) as inbox, open(0, "wb", closefd=False) as outbox:
        number = receive(inbox).number
        (Path(os.environ["PRETENDED_FOLDER"]) / f"{number}-{time.monotonic_ns()}").write_text(str(os.getpid()))
        behaviour = os.environ["PRETENDED"]
        if behaviour == "refuses" and number == 2:
            why = Refusal(kind=Kind.UNAVAILABLE, reason=Reason.DATABASE_UNAVAILABLE, message="not today")
            send(outbox, (False, why))
            raise SystemExit(1)
        if behaviour == "dies first" and number == 2:
            raise SystemExit(3)
        send(outbox, (True, None))
        if behaviour == "dies young" and number == 2:
            raise SystemExit(4)
        asked = 0
        while receive(inbox) is not None:
            asked += 1
            if behaviour == "ends at the second asking" and asked < 2:
                continue
            if behaviour != "never ends":
                raise SystemExit(5 if behaviour == "ends badly" and number == 2 else 0)


if __name__ == "__main__":
    main()
