"""The hot functions under pytest-benchmark, beside a saved baseline: ``python -m benchmarks.hot [--save | --compare]``.

CPU microseconds of one call. A baseline belongs to one kind of machine and is named after it; `--compare` prints how
many times as long every function takes now, by its fastest round and by its median. It only prints: what is slower on
a busy machine fails nothing.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks import report

RESULTS: Final = report.ROOT / "benchmarks" / "results"
OPTIONS: Final = (
    "--benchmark-only",
    "--benchmark-disable-gc",
    "--benchmark-timer=time.process_time",
    "--benchmark-max-time=0.4",
    "-q",
)


def measured(chosen: str) -> list[report.Row]:
    """A row for every function, or for those whose names match `chosen` (as in ``pytest -k``).

    Raises CalledProcessError when a function fails; what pytest said is on standard error.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "found.json"
        command = (
            sys.executable,
            "-m",
            "pytest",
            "benchmarks/micro",
            *OPTIONS,
            f"--benchmark-json={file}",
            "-k",
            chosen,
        )
        alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(command, cwd=report.ROOT, env=alone, capture_output=True, text=True)
        if done.returncode:
            sys.stderr.write(done.stdout)
            done.check_returncode()
        found = json.loads(file.read_text(encoding="utf-8"))
    return [row_of(one) for one in found["benchmarks"]]


def row_of(found: dict[str, Any]) -> report.Row:
    """The row of one function as pytest-benchmark tells it."""
    calls, stats = found["extra_info"].get("calls", 1), found["stats"]
    name = found["name"].removeprefix("test_").replace("_", " ")
    low, middle, high = (1e6 * stats[key] / calls for key in ("min", "median", "max"))
    return report.Row(name=name, value=middle, unit="CPU µs", aim=None, runs=stats["rounds"], spread=(low, high))


def compared(now: list[report.Row], base: dict[str, Any]) -> list[str]:
    """A line for every function: fastest round and median now, and how many times those of the baseline."""
    known = {row["name"]: row for row in base["rows"]}
    lines = [f"{'CPU µs of one call':40} {'fastest':>10} {'times':>6} {'median':>10} {'times':>6}"]
    for row in now:
        fastest = row.spread[0] if row.spread else row.value
        before = known.get(row.name)
        times = ("new", "new")
        if before is not None:
            times = (f"{fastest / before['spread'][0]:.2f}", f"{row.value / before['value']:.2f}")
        lines.append(f"{row.name:40} {fastest:10,.1f} {times[0]:>6} {row.value:10,.1f} {times[1]:>6}")
    return lines


def baseline(folder: Path) -> Path:
    """The file of this machine's kind: its processor and number of cores."""
    where = report.machine()
    kind = re.sub(r"[^a-z0-9]+", "-", f"{where['processor']} {where['cores']} cores".lower()).strip("-")
    return folder / f"hot.{kind}.json"


def main(arguments: list[str]) -> int:
    """Measure and print; with --json FILE or --save write, with --compare print ratios to the baseline."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hot", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--save", action="store_true", help="keep the figures as the baseline of this kind of machine")
    parser.add_argument("--compare", action="store_true", help="beside the baseline of this kind of machine")
    parser.add_argument("--baselines", type=Path, default=RESULTS, help="folder of the baselines")
    parser.add_argument("-k", dest="chosen", default="", help="only functions whose names match, as in pytest")
    given = parser.parse_args(arguments)
    file = baseline(given.baselines)
    if given.compare and not file.exists():
        print(f"no baseline of this kind of machine ({file.name}); `make bench-save` keeps one")
        return 0
    rows = measured(given.chosen)
    if given.compare:
        base = json.loads(file.read_text(encoding="utf-8"))
        print(f"baseline: {file.name}, commit {base['commit']}, {base['measured_at'][:10]}")
        print("\n".join(compared(rows, base)))
    else:
        report.shown(rows)
    for target in (given.json, file if given.save else None):
        if target is not None:
            report.write(target, "hot", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
