"""Runs the benchmark: ``python -m benchmarks.online_retail --help``."""

from benchmarks.online_retail.command import main

main()
