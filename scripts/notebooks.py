"""Execute the notebooks and store them with their outputs: after a change of a notebook, of the model, of a picture.

    python scripts/notebooks.py                       # all of them
    python scripts/notebooks.py 01_first_steps        # one
    python scripts/notebooks.py --check               # execute, and store nothing: what the tests do

The source of a notebook is `notebooks/NAME.py` (jupytext, percent format), which is what a person edits; `NAME.ipynb`
is made of it. What differs from run to run without meaning (times, versions, ids) is left out of the stored file.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
LIMIT_SECONDS = 600  # of one cell, on a busy machine
LIMIT_BYTES = 1_500_000  # of a stored notebook: a code host shows no larger ones well
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def sources() -> list[Path]:
    """Return the sources of all notebooks, in their order."""
    return sorted(FOLDER.glob("[0-9]*.py"))


def notebook_of(source: Path) -> Any:
    """Return the notebook of a source, without outputs; the same source, the same notebook."""
    notebook = jupytext.read(source)
    notebook.metadata = nbformat.from_dict(KERNEL)  # type: ignore[no-untyped-call]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{source.stem.replace('_', '-')}-{number}"
    return notebook


def execute(source: Path) -> Any:
    """Return the notebook of a source with its outputs.

    Raises:
        CellExecutionError: a cell raises.
    """
    notebook = notebook_of(source)
    place = {"metadata": {"path": str(source.parent)}}
    NotebookClient(
        notebook, kernel_name="python3", resources=place, timeout=LIMIT_SECONDS, startup_timeout=LIMIT_SECONDS,
        record_timing=False,
    ).execute()  # fmt: skip
    notebook.metadata = nbformat.from_dict(KERNEL)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            # Progress and warnings of libraries are of this run alone.
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


def main(arguments: list[str] | None = None) -> int:
    """Execute the notebooks that are named, and return the number of those that failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all by default")
    parser.add_argument("--check", action="store_true", help="store nothing")
    options = parser.parse_args(arguments)
    known = {source.stem: source for source in sources()}
    for name in options.names:
        if name not in known:
            parser.error(f"there is no notebook {name!r}, only {', '.join(known)}")
    failed = 0
    for name in options.names or known:
        begun = time.monotonic()
        try:
            notebook = execute(known[name])
            text = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
            if len(text.encode()) > LIMIT_BYTES:
                raise ValueError(f"{len(text.encode()):,} bytes with its outputs, more than {LIMIT_BYTES:,}")
        except (CellExecutionError, ValueError, TimeoutError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed += 1
            continue
        if not options.check:
            temporary = known[name].with_suffix(".ipynb.tmp")
            temporary.write_text(text + "\n", encoding="utf-8")
            temporary.replace(known[name].with_suffix(".ipynb"))
        print(f"{name}: {time.monotonic() - begun:.0f} s, {len(text.encode()) / 1e3:,.0f} kB", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
