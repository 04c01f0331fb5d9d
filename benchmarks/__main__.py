"""Every benchmark in one command, at most a quarter of an hour: ``python -m benchmarks`` or ``make bench``.

Each part runs in processes of its own, one after the other. What it measured goes to ``benchmarks/results/NAME.json``,
and all of it as a table to ``benchmarks/results/table.md``. A part that fails, or that has no time left, is reported
in its place and stops no other; time that a part leaves goes to those after it. Only when every part fails does the
command fail.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from benchmarks import report
from benchmarks.parts import PARTS, Part
from benchmarks.table import table

RESULTS: Final = report.ROOT / "benchmarks" / "results"
ENDING_SECONDS: Final = 15  # for a part that is told to stop, to stop its own children


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a part: what it reported, or what was wrong, and how long it took."""

    report: dict[str, Any] | None
    note: str
    seconds: float


def measured(part: Part, spare: float = 0.0) -> dict[str, Any]:
    """All runs of a part as one report, with a `note` where not everything went as planned.

    It may take its own time and what earlier parts have left, `spare` seconds.
    """
    runs: list[Run] = []
    left = part.seconds + spare
    for number in range(part.runs):
        if runs and left < runs[-1].seconds:
            break
        runs.append(_run(part, number, left))
        left -= runs[-1].seconds
        if runs[-1].report is None:
            break
    found = [run.report for run in runs if run.report is not None]
    notes = [run.note for run in runs if run.note]
    if 0 < len(found) < part.runs:
        notes.append(f"{len(found)} of {part.runs} runs in time")
    whole = report.merged(found) if found else report.report(part.name, [])
    return {**whole, "seconds": round(sum(run.seconds for run in runs)), "note": "; ".join(notes)}


def _run(part: Part, number: int, seconds: float) -> Run:
    """One run in a process group of its own, which ends with it."""
    with tempfile.TemporaryDirectory() as folder:
        file, log = Path(folder) / "report.json", Path(folder) / "log"
        seed = ("--seed", str(number + 1)) if part.seeded else ()
        command = (sys.executable, "-m", part.module, *part.arguments, *seed, "--json", str(file))
        start = monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=report.ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
            ended = _wait(process, seconds)
        spent = monotonic() - start
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        last = lines[-1] if lines else ""
        if not ended:  # what it had written by then counts
            known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
            return Run(report=known, note=f"stopped after {seconds:.0f} s", seconds=spent)
        if process.returncode != 0:
            return Run(report=None, note=f"failed: {last}", seconds=spent)
        if not file.exists():
            return Run(report=None, note=last if last.startswith("skipped") else "wrote no figures", seconds=spent)
        return Run(report=json.loads(file.read_text(encoding="utf-8")), note="", seconds=spent)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether it ended by itself in this time; if not, it and its children are interrupted, and at last killed."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        _stop(process)
        return False
    except BaseException:
        _stop(process)
        raise
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def main(arguments: list[str]) -> int:
    """Run the parts, write their reports and the table of all reports that there are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[part.name for part in PARTS],
        default=[part.name for part in PARTS if not part.apart],
        help="these parts; others stay as they are",
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--table", action="store_true", help="only write the table again from the reports")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    some, spare = given.table, 0.0
    for part in PARTS:
        if given.table or part.name not in given.only:
            continue
        print(f"{part.name}: at most {part.seconds + spare:.0f} s", end=" ", flush=True)
        found = measured(part, spare)
        spare = max(0.0, part.seconds + spare - found["seconds"])
        report.keep(given.out / f"{part.name}.json", found)
        print(f"... {found['seconds']} s{', ' if found['note'] else ''}{found['note']}", flush=True)
        some = some or bool(found["rows"]) or found["note"].startswith("skipped")
    reports = {part.name: _read(given.out / f"{part.name}.json") for part in PARTS}
    target = given.out / "table.md"
    target.write_text(table(PARTS, {name: found for name, found in reports.items() if found}), encoding="utf-8")
    print(f"written: {target}")
    return 0 if some else 1


def _read(file: Path) -> dict[str, Any] | None:
    if not file.exists():
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
