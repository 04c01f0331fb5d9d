"""The parent of workers, with workers that only pretend: what it does when they die, refuse or do not end."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from benchmarks.processes import running

from sourcier.config import Config
from sourcier.domain.errors import Reason, Refusal
from sourcier.workers import supervisor
from sourcier.workers.supervisor import serve_with_workers

CONFIG = Config(database_url="postgresql://nobody@127.0.0.1:1/none", port=0, workers=2, drain_seconds=0)


class Stage:
    """Where workers pretend, and what is done to the supervisor when it says that it serves."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.ports: list[int] = []
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(supervisor, "MODULE", "tests.unit.workers.pretended")
        monkeypatch.setenv("PRETENDED_FOLDER", str(folder))

    def play(self, behaviour: str, when_ready: Callable[[], None]) -> None:
        """Supervise such workers until they end; `when_ready` is called in the event loop."""
        self._monkeypatch.setenv("PRETENDED", behaviour)

        def ready(port: int) -> None:
            self.ports.append(port)
            asyncio.get_running_loop().call_soon(when_ready)

        serve_with_workers(CONFIG, ready=ready)

    def starts(self, number: int) -> list[float]:
        """When this worker was started, seconds."""
        return sorted(int(path.name.partition("-")[2]) / 1e9 for path in self.folder.glob(f"{number}-*"))

    def nobody_is_left(self) -> bool:
        return not any(running(int(path.read_text())) for path in self.folder.iterdir())


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_it_serves_until_a_signal_and_all_have_ended(stage: Stage) -> None:
    stage.play("serves", terminate)
    assert len(stage.ports) == 1
    assert stage.ports[0] > 0
    assert (len(stage.starts(1)), len(stage.starts(2))) == (1, 1)
    assert stage.nobody_is_left()


def test_a_second_signal_is_passed_on(stage: Stage) -> None:
    def twice() -> None:
        terminate()
        asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.SIGINT)

    stage.play("ends at the second asking", twice)
    assert stage.nobody_is_left()


def test_what_keeps_a_worker_from_serving_is_raised(stage: Stage) -> None:
    with pytest.raises(Refusal) as refused:
        stage.play("refuses", terminate)
    assert (refused.value.reason, refused.value.message) == (Reason.DATABASE_UNAVAILABLE, "not today")
    assert stage.ports == []
    assert stage.nobody_is_left()


def test_a_worker_that_dies_before_it_serves_is_an_error(stage: Stage) -> None:
    with pytest.raises(OSError, match="worker 2 ended with 3 before it served"):
        stage.play("dies first", terminate)
    assert stage.ports == []
    assert stage.nobody_is_left()


def die_young(stage: Stage, *, times: int) -> None:
    """Serve with a second worker that dies soon, until it was started so often."""

    def watch() -> None:
        if len(stage.starts(2)) < times:
            asyncio.get_running_loop().call_later(0.02, watch)
        else:
            terminate()

    with pytest.raises(OSError, match="workers ended with"):
        stage.play("dies young", watch)


def test_a_worker_that_dies_young_is_replaced_ever_more_slowly(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "PAUSE_SECONDS_MIN", 0.1)
    die_young(stage, times=4)
    starts = stage.starts(2)
    pauses = [later - earlier for earlier, later in pairwise(starts)]
    assert all(pause >= least for pause, least in zip(pauses, (0.1, 0.2, 0.4), strict=False))
    assert len(stage.starts(1)) == 1
    assert "worker 2" in caplog.text
    assert stage.nobody_is_left()


def test_a_worker_that_lived_long_is_replaced_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STEADY_SECONDS", 0.0)
    monkeypatch.setattr(supervisor, "PAUSE_SECONDS_MIN", 60.0)
    die_young(stage, times=3)


def test_a_worker_that_ends_badly_is_an_error(stage: Stage) -> None:
    with pytest.raises(OSError, match="workers ended with 0, 5"):
        stage.play("ends badly", terminate)


def test_workers_that_never_end_are_killed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "END_SECONDS", 0.3)
    begun = time.monotonic()
    with pytest.raises(OSError, match="did not end in time"):
        stage.play("never ends", terminate)
    assert time.monotonic() - begun < 60
    assert stage.nobody_is_left()
