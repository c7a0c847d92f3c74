#!/usr/bin/env bash
# Every check of the project: style, types, tests and doctests. Arguments go to pytest: bash scripts/test.sh tests/chem -x
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh test
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 # before torch is imported, see tests/conftest.py
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/pytest -q --numprocesses auto --maxprocesses 4 "$@"
