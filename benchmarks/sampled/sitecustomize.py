"""Python imports this at the start of every process that `benchmarks.profiling.sampled_environment` reaches."""

import os
from pathlib import Path

from benchmarks.profiling import FOLDER, Sampler

Sampler(Path(os.environ[FOLDER]))
