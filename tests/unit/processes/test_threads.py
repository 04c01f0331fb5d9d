"""Threads that run Python take turns."""

import sys

from sourcier.processes.threads import SWITCH_SECONDS, share_interpreter


def test_threads_take_turns_more_often_than_python_would_have_them() -> None:
    before = sys.getswitchinterval()
    try:
        share_interpreter()
        assert abs(sys.getswitchinterval() - SWITCH_SECONDS) < 1e-6
        assert before > SWITCH_SECONDS
    finally:
        sys.setswitchinterval(before)
