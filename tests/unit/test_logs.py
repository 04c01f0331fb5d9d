"""The server's log: one JSON object a line, with the frames of a failure and none of its values."""

import json
import logging
import os
import subprocess
import sys
import textwrap
from select import PIPE_BUF

import pytest

FAILING = """
    import logging
    import structlog
    from sourcier.logs import configure_logs

    {terminal}
    configure_logs()

    def connect():
        password = "hunter" + "2"
        raise ValueError("no connection")

    for log in (structlog.get_logger(), logging.getLogger("a driver")):
        try:
            connect()
        except ValueError:
            log.exception("it failed")
"""


def _log(*, terminal: bool) -> str:
    script = textwrap.dedent(FAILING).format(
        terminal="import sys; sys.stderr.isatty = lambda: True" if terminal else ""
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stderr


@pytest.mark.parametrize("terminal", [False, True])
def test_a_traceback_names_its_frames_and_shows_no_values(terminal: bool) -> None:
    log = _log(terminal=terminal)
    assert log.count("connect") >= 2
    assert log.count("no connection") >= 2
    assert "hunter2" not in log


def test_each_line_is_an_object_with_level_and_time() -> None:
    entries = [json.loads(line) for line in _log(terminal=False).splitlines()]
    assert [entry["event"] for entry in entries] == ["it failed", "it failed"]
    assert all(entry["level"] == logging.getLevelName(logging.ERROR).lower() for entry in entries)
    assert all(entry["timestamp"].endswith("Z") for entry in entries)


def test_a_line_is_written_at_once() -> None:
    """Workers share standard error: what one of them writes in two pieces, another one's line may part."""
    reading, writing = os.pipe2(os.O_DIRECT)  # keeps apart what was written apart
    with open(reading, "rb", buffering=0) as pieces:
        script = textwrap.dedent(FAILING).format(terminal="")
        with open(writing, "wb") as stderr:
            subprocess.run([sys.executable, "-c", script], stderr=stderr, check=True)
        entries = [json.loads(piece) for piece in iter(lambda: pieces.read(PIPE_BUF), b"")]
    assert [entry["event"] for entry in entries] == ["it failed", "it failed"]
