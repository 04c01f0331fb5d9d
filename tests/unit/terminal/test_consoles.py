"""Consoles: wide enough in a pipe, and silent about progress there."""

import pytest

from sourcier.terminal.consoles import PLAIN_WIDTH, console, progress


def test_a_pipe_is_wide_and_plain(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    made = console()
    assert made.width == PLAIN_WIDTH
    made.print("[bold]12 of /a/b :smile:[/]")
    assert capsys.readouterr().out == "12 of /a/b :smile:\n"


def test_the_width_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    assert console().width == 90


def test_a_pipe_sees_no_progress_bars(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as bars:
        bar = bars.add_task("orders", total=10)
        bars.advance(bar, 10)
    out, err = capsys.readouterr()
    assert (out, err.strip()) == ("", "")
