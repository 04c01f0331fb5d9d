"""Consoles on standard output and error, and progress bars that only a terminal gets to see."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

PLAIN_WIDTH: Final = 118
"""Columns of a file or pipe, where no terminal says how wide it is."""


def console(*, stderr: bool = False) -> Console:
    """A console that colours nothing but a terminal and never guesses what is a number or a path."""
    made = Console(stderr=stderr, highlight=False, emoji=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = PLAIN_WIDTH
    return made


@contextmanager
def progress() -> Iterator[Progress]:
    """Progress bars on standard error that vanish when they are done; nothing at all where that is no terminal."""
    screen = console(stderr=True)
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
    with bars:
        yield bars
