"""Operations that wait for a thread of a ledger, and the threads that take them in turn."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final

from sourcier.ledger.store import shutting_down

_END: Final = None


class Job:
    """An operation with its arguments, and where its outcome goes."""

    __slots__ = ("args", "failure", "future", "kwargs", "operation", "value")

    def __init__(self, operation: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.future: Future[Any] = Future()
        self.value: Any = None
        self.failure: BaseException | None = None

    def begin(self) -> bool:
        """Whether the caller still wants it; from now on it can no longer be cancelled."""
        return self.future.set_running_or_notify_cancel()

    def finish(self) -> None:
        """Set the future to what the operation came to."""
        if self.failure is not None:
            self.future.set_exception(self.failure)
        else:
            self.future.set_result(self.value)


Queue = queue.SimpleQueue[Job | None]
"""Jobs in the order in which they came; None is the end, once for each thread."""


class Jobs:
    """Threads that share one queue. `works` are what they run: each takes jobs from the queue until it finds None."""

    def __init__(self, name: str, works: Sequence[Callable[[Queue], None]]) -> None:
        self._queue: Queue = queue.SimpleQueue()
        self._gate = threading.Lock()  # nothing enters the queue after its end
        self._closed = False
        self._threads = [
            threading.Thread(target=work, args=(self._queue,), name=f"{name}-{number}", daemon=True)
            for number, work in enumerate(works)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, operation: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Future[Any]":
        """Queue a job; after `close` it is refused with SHUTTING_DOWN."""
        job = Job(operation, args, kwargs)
        with self._gate:
            if self._closed:
                job.future.set_exception(shutting_down())
            else:
                self._queue.put(job)
        return job.future

    def close(self) -> None:
        """Finish what was given, then end the threads."""
        with self._gate:
            if not self._closed:
                self._closed = True
                for _ in self._threads:
                    self._queue.put(_END)
        for thread in self._threads:
            thread.join()
