"""The record of a run: one JSON object per line, appended as it happens."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from molvae.datasets.files import atomic_path
from molvae.training.events import Event, Progress, Validation

METRICS_FILE = "metrics.jsonl"
_KINDS: dict[type[Event], str] = {Progress: "train", Validation: "validation"}


class Journal:
    """Appends reports to `metrics.jsonl`; each line is on its way to the disk before the next step begins."""

    def __init__(self, run_folder: Path, *, step: int) -> None:
        """Open the record of a run that has done `step` steps; what was recorded beyond them is dropped.

        A killed run has recorded steps after its last checkpoint, and these will be done again.
        """
        path = run_folder / METRICS_FILE
        records = [record for record in read_journal(run_folder) if record["step"] <= step] if step else []
        with atomic_path(path) as temporary:
            temporary.write_text("".join(map(_line, records)), encoding="utf-8")
        self._stream = path.open("a", encoding="utf-8")

    def __call__(self, event: Event) -> None:
        """Record progress and validations; other events pass."""
        kind = _KINDS.get(type(event))
        if kind is not None:
            self._stream.write(_line({"kind": kind, **dataclasses.asdict(event)}))
            self._stream.flush()  # the process may be killed at any time

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def read_journal(run_folder: Path) -> list[dict[str, Any]]:
    """Return the records of a run in the order of its steps; a line that is damaged, as by a kill, is left out."""
    try:
        text = (run_folder / METRICS_FILE).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    records = []
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and isinstance(record.get("step"), int):
            records.append(record)
    return records


def _line(record: Mapping[str, object]) -> str:
    numbers = {  # JSON has no NaN
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in record.items()
    }
    return json.dumps(numbers) + "\n"
