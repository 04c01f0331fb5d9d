"""Sends over a socket without ever waiting for the other side."""

import socket
import threading
from collections import deque


class Outbox:
    """What the socket does not take at once, a thread sends after it, in order. For any number of threads.

    The other side may be slow or stopped; nobody here waits for it. When it is gone, what is sent is dropped: whoever
    reads the socket notices.
    """

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._backlog: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._send_backlog, name="outbox", daemon=True).start()

    def send(self, data: bytes) -> None:
        """Send these bytes after all that were given before."""
        with self._changed:
            if self._closed:
                return
            if not self._backlog:
                data = data[self._send_now(data) :]
            if data:
                self._backlog.append(data)
                self._changed.notify()

    def close(self) -> None:
        """Drop what was not sent yet, and send nothing more."""
        with self._changed:
            self._closed = True
            self._backlog.clear()
            self._changed.notify()

    def _send_now(self, data: bytes) -> int:
        try:
            return self._link.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)

    def _send_backlog(self) -> None:
        while True:
            with self._changed:
                while not self._backlog and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                data = self._backlog[0]  # it stays first while it is sent: others queue behind it
            try:
                self._link.sendall(data)
            except OSError:
                self.close()
                return
            with self._changed:
                if self._backlog:
                    self._backlog.popleft()
