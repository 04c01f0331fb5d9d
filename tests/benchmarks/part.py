"""A benchmark for tests of the one command: `well`, `fails`, `skips`, `lingers` when it is done,
or hangs with a child whose number it writes to a file, by its argument."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import report


def main() -> None:
    """Do as told."""
    parser = argparse.ArgumentParser()
    parser.add_argument("how")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    match given.how:
        case "fails":
            raise ValueError("it is broken")
        case "skips":
            sys.stdout.write("skipped: no data\n")
        case "well":
            report.write(given.json, "part", [report.row("seed", float(given.seed), "ms", aim="<= 1")])
        case "lingers":
            report.write(given.json, "part", [report.row("seed", 0.0, "ms")])
            time.sleep(60)
        case file:
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            Path(file).write_text(str(child.pid), encoding="utf-8")
            time.sleep(60)


if __name__ == "__main__":
    main()
