"""Every story, on the engine alone and on a server over gRPC: all its answers are as it was worked out by hand."""

from pathlib import Path

import pytest
from tests.scenarios.engine_driver import EngineDriver
from tests.scenarios.play import play
from tests.scenarios.server_driver import serving
from tests.scenarios.story import FOLDER, read

STORIES = {path.stem: read(path) for path in sorted(FOLDER.glob("*.yaml"))}


def told_on(driver: str) -> list[str]:
    return [name for name, story in STORIES.items() if driver in story.drivers]


@pytest.mark.parametrize("name", told_on("engine"))
async def test_the_engine_alone_answers_as_the_story_says(name: str) -> None:
    story = STORIES[name]
    assert await play(story, EngineDriver(story)) == []


@pytest.mark.parametrize("name", told_on("server"))
async def test_a_server_answers_as_the_story_says(name: str, tmp_path: Path) -> None:
    story = STORIES[name]
    async with serving(story, tmp_path) as driver:
        assert await play(story, driver) == []


def test_every_story_is_told_on_some_driver() -> None:
    assert {*told_on("engine"), *told_on("server")} == set(STORIES)
    assert len(told_on("server")) == len(STORIES)
