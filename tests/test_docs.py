"""The documents: links lead somewhere, and every folder, task and command they name exists."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts.check_docs import dead_links
from typer.main import get_command

from sourcier.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "sourcier"
DOCS = ROOT / "docs"

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md", *DOCS.rglob("*.md")])

SHELL = re.compile(r"^( *)```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
PROGRAM = re.compile(r"^(?:\S*/)?sourcier$")
TASK = re.compile(r"`make ([a-z-]+)")
LINE = re.compile(r"`(sourcier [^`]+)`")
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
FILE = re.compile(r"`((?:src|tests|scripts|benchmarks|proto)/[\w./-]*\w)`")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def shell_lines(text: str) -> Iterator[str]:
    """Every command line of the shell examples, continued lines joined, comments cut off."""
    for _, block in SHELL.findall(text):
        here_document = ""
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            if here_document:
                here_document = "" if line.strip() == here_document else here_document
                continue
            started = re.search(r"<<'(\w+)'", line)
            here_document = started.group(1) if started else ""
            yield line.partition(" #")[0].strip()


def command_faults(line: str) -> list[str]:
    """What is wrong with a ``sourcier`` command line: words that are no commands, options that there are not."""
    _, *words = line.split()
    command: Any = get_command(app)  # of the click that Typer brings along, which has no name of its own
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return [f"{line}: there is no command {words[0]}"]
        command, words = command.commands[words[0]], words[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return [f"{line}: there is no option {word}" for word in words if word.startswith("--") and word not in known]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert dead_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_named_files_exist(page: Path) -> None:
    named = FILE.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_named_tasks_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    tasks = TASK.findall(text) + [line.split()[1] for line in shell_lines(text) if re.match(r"make \w", line)]
    targets = TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert [task for task in tasks if task not in targets] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_named_commands_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lines = [line for line in shell_lines(text) if line and PROGRAM.match(line.split()[0])]
    lines += [line for line in LINE.findall(text) if re.match(r"sourcier [a-z-]", line)]
    assert [fault for line in lines if not said(line) for fault in command_faults(line)] == []


def said(line: str) -> bool:
    """Whether this is what the program says, not what somebody types."""
    return line.startswith("sourcier serves on ")


def test_commands_that_do_not_exist_are_found() -> None:
    assert command_faults("sourcier serve --port 8433 --db sqlite:///x.db") == []
    assert command_faults("sourcier rules check rules.yaml") == []
    assert command_faults("sourcier dance") != []
    assert command_faults("sourcier rules dance") != []
    assert command_faults("sourcier serve --fast") != []


def test_the_readme_names_every_folder() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    folders = [path.name for path in SRC.iterdir() if path.is_dir() and (path / "__init__.py").is_file()]
    modules = [path.name for path in SRC.glob("*.py") if not path.name.startswith("__")]
    assert folders
    assert [name for name in folders if f"`{name}/`" not in readme] == []
    assert [name for name in modules if f"`{name}`" not in readme] == []


def test_every_page_is_linked_from_the_index() -> None:
    linked = (DOCS / "index.md").read_text(encoding="utf-8") + (DOCS / "adr" / "README.md").read_text(encoding="utf-8")
    pages = [page for page in DOCS.rglob("*.md") if page != DOCS / "index.md"]
    assert [name_of(page) for page in pages if f"{page.name}" not in linked] == []


def test_decisions_are_numbered_and_complete() -> None:
    records = sorted((DOCS / "adr").glob("[0-9]*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    sections = ["## Status", "## Context", "## Decision", "## Consequences"]
    for record in records:
        assert re.findall(r"^## .*$", record.read_text(encoding="utf-8"), re.MULTILINE) == sections
