#!/usr/bin/env bash
# Resolve pyproject.toml anew into requirements/*.lock: versions and the hashes of all their files, no addresses.
#
# Both locks hold on every supported Python and processor. grpc-stubs is left out: it comes in through
# googleapis-common-protos-stubs and would overwrite the newer types-grpcio, which has the same files.
# Existing pins are kept while they fit; `scripts/lock.sh --upgrade` moves everything to the newest.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=.cache/lock/bin/uv
if [[ ! -x $uv ]]; then
    .venv/bin/python -m venv .cache/lock
    .cache/lock/bin/python -m pip install --quiet 'uv>=0.9'
fi

resolve() {
    "$uv" pip compile pyproject.toml --quiet --no-config --universal --python-version 3.11 --fork-strategy fewest \
        --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
        --no-emit-package grpc-stubs "$@" >/dev/null
}

resolve --output-file requirements/runtime.lock "$@"
resolve --output-file requirements/dev.lock --extra dev --constraints requirements/runtime.lock "$@"

if grep --line-number --extended-regexp '://|@ ' requirements/*.lock; then
    echo 'a lock file names an address' >&2
    exit 1
fi
