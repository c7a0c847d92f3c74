#!/usr/bin/env bash
# Build the documentation into build/docs/html from the docstrings, README.md, the notebooks and the help of the
# commands. A warning is an error. Nothing is downloaded and no notebook is run.
#
#   bash scripts/build_docs.sh       # .venv needs the extra docs: bash scripts/setup.sh docs
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
source=build/docs/source

rm -rf "$source" && mkdir -p "$source/api" "$source/notebooks" "$source/scripts/docs"
cp scripts/docs/conf.py scripts/docs/api.md "$source"
cat README.md scripts/docs/index.md >"$source/index.md"
cp scripts/docs/neighbors.png "$source/scripts/docs/"
cp data/README.md "$source/data.md"
for file in notebooks/*.py; do # with its stored outputs where there are any
  stored=${file%.py}.ipynb
  if [ -f "$stored" ]; then
    cp "$stored" "$source/notebooks/"
  else
    "$python" -m jupytext --quiet --to ipynb --update-metadata '{"language_info": {"name": "python"}}' \
      --output "$source/notebooks/$(basename "$stored")" "$file"
  fi
done
for init in molvae/*/__init__.py; do
  package=$(basename "$(dirname "$init")")
  case $package in pretrained | cli | latent) continue ;; esac
  printf '# molvae.%s\n\n```{eval-rst}\n.. automodule:: molvae.%s\n   :members:\n```\n' "$package" "$package" >"$source/api/$package.md"
done
# What LatentSpace has from the classes that it is made of belongs to it.
printf '# molvae.latent\n\n```{eval-rst}\n.. automodule:: molvae.latent\n   :members:\n   :exclude-members: LatentSpace\n\n.. autoclass:: LatentSpace\n   :members:\n   :inherited-members:\n```\n' >"$source/api/latent.md"
printf '# molvae.errors\n\n```{eval-rst}\n.. automodule:: molvae.errors\n   :members:\n```\n' >"$source/api/errors.md"
"$python" scripts/docs/commands.py >"$source/cli.md"
"$python" -m sphinx -q -W --keep-going -b html "$source" build/docs/html
echo "build/docs/html/index.html"
