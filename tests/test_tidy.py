"""The shape of the repository: small files and functions, docstrings, mirrored tests, nothing left over."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import sourcier

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "sourcier"
GENERATED = SRC / "v1"

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

MIRRORED_LAYERS = ("domain", "processes", "engine", "ledger", "inputs", "service", "rpc")
MAY_PRINT = ("cli", "demo", "console")

# Put together from parts so that this file does not find itself.
LEFT_OVER = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
REGISTRY_HOST = re.compile(
    r"\b(?:pypi|pythonhosted|npmjs|yarnpkg|crates|debian|anaconda)\.(?:org|io|com)\b|\bproxy\.gol" + r"ang\.org\b"
)
MACHINE_PATH = re.compile(r"(?<![\w.\-/])/(?:home|Users|root|work)/\w")


def python_files() -> list[Path]:
    """Every Python file written by hand, committed or not yet."""
    folders = (ROOT / name for name in ("src", "tests", "scripts", "benchmarks"))
    found = (path for folder in folders for path in folder.rglob("*.py"))
    return sorted(path for path in found if GENERATED not in path.parents)


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def tracked_texts() -> Iterator[tuple[Path, str]]:
    """Every text file that git tracks, with what stands in it."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in listing.stdout.split("\0"):
        path = ROOT / name
        if not name or not path.is_file():
            continue
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def where(path: Path, line: int | None = None) -> str:
    name = path.relative_to(ROOT).as_posix()
    return name if line is None else f"{name}:{line}"


def matches(pattern: re.Pattern[str], texts: Iterator[tuple[Path, str]]) -> list[str]:
    """Each place where `pattern` occurs, as file:line and the words found."""
    return [
        f"{where(path, number)}: {found.group()}"
        for path, text in texts
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := pattern.search(line))
    ]


def is_package_marker(path: Path) -> bool:
    return path.name == "__init__.py" and not path.read_text(encoding="utf-8").strip()


def lines_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function, clean=False) is not None:
        docstring = function.body[0]
        lines -= docstring.end_lineno - docstring.lineno + 1
    return lines


def test_files_are_small() -> None:
    counts = {where(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert {name: lines for name, lines in counts.items() if lines > FILE_LINES_MAX} == {}


def test_functions_are_small() -> None:
    long = {
        f"{where(path, node.lineno)} {node.name}": lines
        for path in python_files()
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := lines_without_docstring(node)) > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_modules_have_docstrings() -> None:
    files = (path for path in python_files() if SRC in path.parents or not is_package_marker(path))
    assert [where(path) for path in files if not ast.get_docstring(parse(path))] == []


def test_only_the_command_line_prints() -> None:
    library = (path for path in python_files() if SRC in path.parents)
    printing = [
        where(path, node.lineno)
        for path in library
        if path.relative_to(SRC).with_suffix("").parts[0] not in MAY_PRINT
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_nothing_is_left_for_later() -> None:
    texts = ((path, text) for path, text in tracked_texts() if GENERATED not in path.parents)
    assert matches(LEFT_OVER, texts) == []


def test_no_registry_is_named() -> None:
    assert matches(REGISTRY_HOST, tracked_texts()) == []


def test_no_path_of_one_machine_is_named() -> None:
    assert matches(MACHINE_PATH, tracked_texts()) == []


@pytest.mark.parametrize("layer", MIRRORED_LAYERS)
def test_every_module_has_its_test_file(layer: str) -> None:
    missing = []
    for path in sorted((SRC / layer).rglob("*.py")):
        module = path.relative_to(SRC / layer)
        if path.name == "__init__.py" or "migrations" in module.parts:
            continue
        mirror = module.with_name(f"test_{path.stem.lstrip('_')}.py")
        homes = [ROOT / "tests" / "unit" / layer / mirror]
        if layer == "ledger":
            homes.append(ROOT / "tests" / "contract" / mirror)
        if not any(home.is_file() for home in homes):
            missing.append(f"{where(path)} -> {' or '.join(where(home) for home in homes)}")
    assert missing == [], "\n".join(missing)


def test_domain_imports_only_the_standard_library() -> None:
    foreign = []
    for path in sorted((SRC / "domain").rglob("*.py")):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            foreign += [
                f"{where(path, node.lineno)}: {name}"
                for name in names
                if name.split(".")[0] not in sys.stdlib_module_names and not f"{name}.".startswith("sourcier.domain.")
            ]
    assert foreign == [], "\n".join(foreign)


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sourcier.__version__ == project["version"]


@pytest.mark.parametrize("lock", ["runtime", "dev"])
def test_the_lock_fits_the_project(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [Requirement(text) for text in project["dependencies"]]
    if lock == "dev":
        wanted += [Requirement(text) for text in project["optional-dependencies"]["dev"]]
    text = (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", text, re.MULTILINE))
    unfit = [
        f"{need} is locked at {locked.get(name, 'no version')}"
        for need in wanted
        if (name := re.sub(r"[-_.]+", "-", need.name.lower()))
        and not need.specifier.contains(locked.get(name, "0"), prereleases=True)
    ]
    assert unfit == [], "run `make lock`"
