#!/usr/bin/env bash
# Make or reuse .venv, install molvae into it with the extras named (default: all), and show what it found.
#
#   bash scripts/setup.sh            # extras: all
#   bash scripts/setup.sh test       # what scripts/test.sh needs
#   PYTHON=python3.12 bash scripts/setup.sh
set -euo pipefail
cd "$(dirname "$0")/.."
extras=${1:-all}
tested_torch=2.13.0
cpu_index=https://download.pytorch.org/whl/cpu # PyTorch's own index of builds without CUDA

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "molvae needs Python 3.11 or newer; name one with PYTHON=/path/to/python bash $0" >&2
  return 1
}

has_nvidia_driver() { [ -e /proc/driver/nvidia/version ] || nvidia-smi -L >/dev/null 2>&1; }

if [ ! -x .venv/bin/python ]; then
  python=$(find_python)
  echo "Making .venv with $("$python" --version)"
  "$python" -m venv .venv
fi
pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"; }

# Nothing to do when this very pyproject.toml was installed with these extras before.
stamp=.venv/molvae-$extras.toml
if cmp -s pyproject.toml "$stamp" && .venv/bin/python -c 'import molvae' 2>/dev/null; then
  echo "Reusing .venv (extras: $extras)"
else
  if ! .venv/bin/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)'; then
    constraints=()
    if ! has_nvidia_driver; then
      # Without a GPU the plain package would bring gigabytes of CUDA. Where PyTorch's index cannot be reached, pip
      # says so and takes the same version from the default index. What torch needs comes with molvae, below.
      echo "Installing torch $tested_torch for the CPU (no NVIDIA driver found)"
      echo "torch==$tested_torch" >.venv/constraints.txt
      constraints=(--no-deps --constraint .venv/constraints.txt --extra-index-url "$cpu_index" --retries 1 --timeout 15)
    else
      echo "Installing torch"
    fi
    pip install ${constraints[@]+"${constraints[@]}"} torch # macOS has bash 3.2, where an empty array is unset
  fi
  echo "Installing molvae with extras: $extras"
  pip install --editable ".[$extras]"
  cp pyproject.toml "$stamp"
fi
.venv/bin/molvae doctor
