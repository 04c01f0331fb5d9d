"""How the threads of one process share its interpreter."""

import sys
from typing import Final

SWITCH_SECONDS: Final = 0.001
"""For which a thread may run Python while others wait for the interpreter. Python's own is 5 ms: so long the loop
may wait for a thread of the ledger that unpacks what it has read, and that thread for the loop after each statement."""


def share_interpreter() -> None:
    """Have the threads of this process take turns often enough for an event loop among them."""
    sys.setswitchinterval(SWITCH_SECONDS)
