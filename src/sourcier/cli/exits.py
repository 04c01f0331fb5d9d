"""What the exit code of a command means; docs/reference/cli.md tells the same."""

from typing import Final

REFUSED: Final = 1  # the server, or a check, found something wrong; or a program failed
USAGE: Final = 2  # the command cannot be meant so (Typer's own code)
UNREACHED: Final = 3  # no server answered, or not in time
BREACH: Final = 4  # the audit found the ledger at odds with its journal
