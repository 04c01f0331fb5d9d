#!/usr/bin/env bash
# Make .venv: Python 3.11 or newer, every dependency as locked, Sourcier itself from this checkout.
set -euo pipefail
cd "$(dirname "$0")/.."

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3 python3.12 python3.13; do
        if fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo 'Sourcier needs Python 3.11 or newer: no python3.11 or python3 of that kind is on the PATH.' >&2
    echo 'Name one with `make setup PYTHON=...`.' >&2
    return 1
}

if ! fits .venv/bin/python; then
    python=$(find_python)
    echo "Setting up .venv with $("$python" --version). This happens once and takes a minute or two."
    if ! "$python" -m venv --clear .venv; then
        echo "$python cannot make virtual environments: install its venv package (python3-venv on Debian)." >&2
        exit 1
    fi
else
    echo 'Bringing .venv up to date with pyproject.toml and the locks.'
fi

# Everything is locked by hash, so pip has nothing to resolve; the package itself is built with the locked hatchling.
pip=(.venv/bin/python -m pip --disable-pip-version-check install --quiet --no-deps)
"${pip[@]}" --require-hashes --requirement requirements/dev.lock
"${pip[@]}" --no-build-isolation --editable .
touch .venv/.ready
echo 'Set-up is done.'
