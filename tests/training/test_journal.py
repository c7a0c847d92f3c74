from __future__ import annotations

import json
from pathlib import Path

from molvae.training.events import Progress, Saved
from molvae.training.journal import METRICS_FILE, Journal, read_journal


def progress(step: int, loss: float = 1.0) -> Progress:
    return Progress(
        step=step,
        epoch=0.5,
        share=0.1,
        loss=loss,
        reconstruction=loss,
        kl=0.0,
        unconditional=None,
        beta=0.1,
        learning_rate=1e-3,
        gradient_norm=1.0,
        molecules_per_second=10.0,
        seconds=1.0,
    )


def write(folder: Path, *steps: int, start: int = 0) -> None:
    journal = Journal(folder, step=start)
    for step in steps:
        journal(progress(step))
    journal.close()


def test_a_resumed_run_drops_what_was_recorded_after_its_checkpoint(tmp_path: Path) -> None:
    write(tmp_path, 5, 10, 15)
    write(tmp_path, 20, start=10)
    assert [record["step"] for record in read_journal(tmp_path)] == [5, 10, 20]


def test_a_new_run_starts_an_empty_record(tmp_path: Path) -> None:
    write(tmp_path, 5)
    write(tmp_path)
    assert read_journal(tmp_path) == []


def test_a_line_cut_short_by_a_kill_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, 5, 10)
    path = tmp_path / METRICS_FILE
    path.write_bytes(path.read_bytes()[:-7])
    assert [record["step"] for record in read_journal(tmp_path)] == [5]


def test_every_line_is_json_also_for_a_number_that_is_not_finite(tmp_path: Path) -> None:
    journal = Journal(tmp_path, step=0)
    journal(progress(1, loss=float("nan")))
    journal(Saved(step=1, path=tmp_path))
    journal.close()
    (line,) = (tmp_path / METRICS_FILE).read_text().splitlines()
    assert json.loads(line, parse_constant=lambda text: (_ for _ in ()).throw(ValueError(text)))["loss"] is None


def test_a_folder_without_a_record_has_none(tmp_path: Path) -> None:
    assert read_journal(tmp_path) == []
