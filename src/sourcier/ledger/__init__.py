"""The ledger: stock, reservations, feeds, network and rule sets in SQLite or PostgreSQL, by one SQL logic.

Every promise is a predicate over one row, checked in the WHERE of the UPDATE that consumes it; limits over many rows
are pool rows; request log, state change, stock rows and journal are one transaction. Open a ledger with
`open_ledger` and give its `write` and `read` the operations of `reserve`, `settle`, `feeds`, `registry`, `stock`,
`changes`, `requests` and `audit`.
"""

from sourcier.ledger.opening import open_ledger
from sourcier.ledger.store import Ledger, Tx

__all__ = ["Ledger", "Tx", "open_ledger"]
