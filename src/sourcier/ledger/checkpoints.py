"""Checkpoints of a SQLite ledger: they move what the log has into the file, beside the writer.

Left to SQLite, they run inside the COMMIT that makes the log too long: thousands of pages and a flush for which every
caller waits. Here a thread with a connection of its own copies them while the writer goes on. It alone can never empty
the log, for the writer keeps adding to it. So when the log is long, the writer itself copies the few pages that are
left, between two groups, and the next one begins the log anew.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from pysqlite3 import dbapi2 as sqlite

BEHIND_PAGES_MAX: Final = 1_000
"""Of the log that are not in the file yet, when the thread copies them: a few milliseconds of work, and one flush."""

LOG_PAGES_MAX: Final = 4_000
"""16 MiB: a longer log is begun anew, as soon as no reader is still at work on it."""

_log = logging.getLogger(__name__)


class Checkpoints:
    """Those of one file. `failed` is told what went wrong, on whichever thread: then the file is not to be trusted."""

    def __init__(self, writer: Any, beside: Any, failed: Callable[[Exception], None]) -> None:
        self._writer = writer
        self._beside = beside
        self._failed = failed
        self._wanted = threading.Event()
        self._copying = threading.Lock()
        self._closed = False
        self._log_pages_max = LOG_PAGES_MAX
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        self._thread = threading.Thread(target=self._copy_forever, name="ledger-checkpoints", daemon=True)
        self._thread.start()

    def after_commit(self) -> None:
        """Begin one if it is time. Called on the writer's thread, between two transactions."""
        pages, copied = self._state(self._writer)
        if pages >= self._log_pages_max:
            with self._copying:
                pages, copied = self._copy(self._writer)
            # A reader of an old snapshot keeps pages from being copied: then the log grows for a while before the next.
            self._log_pages_max = LOG_PAGES_MAX if copied == pages else pages + BEHIND_PAGES_MAX
        elif pages - copied >= BEHIND_PAGES_MAX:
            self._wanted.set()

    def close(self) -> None:
        """End the thread and its connection. The last connection of all that is closed empties the log."""
        self._closed = True
        self._wanted.set()
        self._thread.join()
        self._beside.close()

    def _copy_forever(self) -> None:
        while self._wanted.wait() and not self._closed:
            self._wanted.clear()
            with self._copying:
                self._copy(self._beside)

    def _state(self, connection: Any) -> tuple[int, int]:
        """Pages in the log, and those of them that are in the file by now."""
        return self._trusted(lambda: connection.execute("PRAGMA wal_checkpoint(NOOP)"))

    def _copy(self, connection: Any) -> tuple[int, int]:
        """The same after as many as possible have been copied."""
        return self._trusted(lambda: connection.execute("PRAGMA wal_checkpoint(PASSIVE)"))

    def _trusted(self, checkpoint: Callable[[], Any]) -> tuple[int, int]:
        """What a checkpoint tells; (0, 0) when it failed."""
        try:
            _, pages, copied = checkpoint().fetchone()
        except sqlite.Error as error:
            _log.error("the ledger could not move its log into its file: %s", error)
            self._failed(error)
            return 0, 0
        return pages, copied
