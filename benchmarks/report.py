"""The one form in which every benchmark writes its figures, so that one table can show them all.

A report is JSON: ``{benchmark, commit, machine, versions, measured_at, rows, details}``. A row is a figure with its
name, unit and aim, the median over `runs` runs and the `spread` from the lowest to the highest of them. An aim is
written ``">= 50"`` or ``"<= 3"``; a figure that may fall short of it can carry a `profile` of where its time goes.
`details` is whatever else the benchmark wants to keep.
"""

import json
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from math import ceil
from os import cpu_count
from pathlib import Path
from statistics import median
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("sourcier", "ortools", "numpy", "scipy", "grpcio", "protobuf", "pysqlite3", "psycopg")
AIM: Final = re.compile(r"(>=|<=) (\d+(?:\.\d+)?)")


def row(
    name: str,
    values: float | Sequence[float],
    unit: str,
    *,
    aim: str | None = None,
    profile: dict[str, float] | None = None,
) -> "Row":
    """A row from one value a run; raises ValueError on an aim that is not ``">= N"`` or ``"<= N"``."""
    known = list(values) if isinstance(values, Sequence) else [values]
    if aim is not None and not AIM.fullmatch(aim):
        raise ValueError(f"not an aim: {aim!r}")
    return Row(
        name=name,
        value=float(median(known)),
        unit=unit,
        aim=aim,
        runs=len(known),
        spread=(float(min(known)), float(max(known))) if len(known) > 1 else None,
        profile=profile,
    )


def percentile(values: Iterable[float], percent: int) -> float:
    """By nearest rank, so it was measured: the lowest value that `percent` (1 to 100) of them do not exceed."""
    ordered = sorted(values)
    return ordered[ceil(percent * len(ordered) / 100) - 1]


def shown(rows: Iterable["Row"]) -> list["Row"]:
    """The rows, each printed as it comes."""
    kept = []
    for one in rows:
        print(f"{one.name:60} {one.value:12,.3f} {one.unit:8} {f'aim {one.aim}' if one.aim else ''}", flush=True)
        kept.append(one)
    return kept


def write(path: Path, benchmark: str, rows: Iterable["Row"], *, details: Any = None) -> None:
    """Write the report of one run of a benchmark to a file."""
    keep(path, report(benchmark, rows, details=details))


def keep(path: Path, found: Mapping[str, Any]) -> None:
    """Write a report to a file, a row a line: whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f'  "{key}": {_compact(value)}' for key, value in found.items() if key != "rows"]
    rows = ",\n    ".join(_compact(row) for row in found["rows"])
    text = ",\n".join([*lines, f'  "rows": [\n    {rows}\n  ]'])
    half = path.with_name(f"{path.name}.half")
    half.write_text(f"{{\n{text}\n}}\n", encoding="utf-8")
    half.replace(path)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def report(benchmark: str, rows: Iterable["Row"], *, details: Any = None) -> dict[str, Any]:
    """What `write` writes."""
    return {
        "benchmark": benchmark,
        "commit": commit(),
        "machine": machine(),
        "versions": versions(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": [asdict(one) for one in rows],
        "details": details,
    }


def merged(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Several runs of one benchmark as one report: rows of one name become their median; details are the last run's."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for one in reports:
        for found in one["rows"]:
            rows.setdefault(found["name"], []).append(found)
    return {**reports[-1], "rows": [_merged(found) for found in rows.values()]}


def _merged(found: list[dict[str, Any]]) -> dict[str, Any]:
    values = [one["value"] for one in found]
    ends = values + [end for one in found for end in one["spread"] or ()]
    return {
        **found[-1],
        "value": median(values),
        "runs": sum(one["runs"] for one in found),
        "spread": [min(ends), max(ends)] if len(ends) > 1 else None,
    }


def reached(value: float, aim: str | None) -> bool | None:
    """Whether a value reaches an aim; None without one."""
    if aim is None:
        return None
    parts = AIM.fullmatch(aim)
    if parts is None:
        raise ValueError(f"not an aim: {aim!r}")
    limit = float(parts[2])
    return value >= limit if parts[1] == ">=" else value <= limit


def machine() -> dict[str, Any]:
    """The processor, its cores and the system."""
    return {
        "processor": _processor(),
        "cores": cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """The versions of the packages that the figures depend on; one that is not installed is left out."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit that is checked out, with a plus where files differ, results aside; "unknown" outside a checkout."""
    try:
        name = _git("rev-parse", "--short", "HEAD")
        differs = _git("status", "--porcelain", "--", ".", ":!benchmarks/results")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{name}+" if differs else name


def _git(*arguments: str) -> str:
    return subprocess.run(("git", *arguments), cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _processor() -> str:
    """The processor's name where Linux tells it, otherwise the architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure: the median of `runs` runs, and the lowest and the highest of them where there were several.

    `profile` says where its time goes, as shares by module (`benchmarks.profiling`).
    """

    name: str
    value: float
    unit: str
    aim: str | None
    runs: int
    spread: tuple[float, float] | None
    profile: dict[str, float] | None = None
