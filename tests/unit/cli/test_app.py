"""The frame of the command line: it starts fast, and its reference is complete."""

import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from sourcier.cli.app import app

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
HEAVY = ("grpc", "google", "numpy", "ortools", "sqlalchemy", "alembic", "psycopg", "ruamel", "uvloop")
START_CPU_SECONDS_MAX = 0.5


def commands(group: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def section(name: str) -> str:
    found = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/reference/cli.md has no section on {name}"
    return found[1]


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_with_each_option_is_in_the_reference(name: str) -> None:
    told = section(name)
    for parameter in dict(commands())[name].params:
        if parameter.param_type_name == "option" and parameter.name != "help":
            assert any(f"`{option}" in told for option in parameter.opts), parameter.opts


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_and_parameter_has_help(name: str) -> None:
    command = dict(commands())[name]
    assert command.help
    assert [parameter.name for parameter in command.params if not getattr(parameter, "help", "")] == []


def test_the_reference_names_no_option_that_is_not_there() -> None:
    known = {option for _, command in commands() for parameter in command.params for option in parameter.opts}
    named = set(re.findall(r"`(--[a-z-]+)", REFERENCE))
    assert named - known <= {"--help", "--version"}


def test_help_starts_fast_and_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom sourcier.cli import main\nsys.argv = ['sourcier', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.splitlines()[-1] == "[]"
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < START_CPU_SECONDS_MAX
