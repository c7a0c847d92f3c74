from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from molvae.chem.settings import Standardization
from molvae.datasets import preparation
from molvae.datasets.corpus import Corpus, tokenize_rows
from molvae.datasets.locks import sole_writer
from molvae.datasets.preparation import prepare, prepare_smiles
from molvae.datasets.readers import Source, read_rows
from molvae.datasets.shards import TokenShard
from molvae.errors import DataError, InUseError
from molvae.tokens.vocabulary import Vocabulary

PREPARE = """
import os, signal, sys
from molvae.datasets import prepare

done = 0

def die_at_row_230(rows):
    global done
    done += rows
    if done == 230:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    prepare(sys.argv[1], sys.argv[2], workers=int(sys.argv[3]), part_rows=50, progress=die_at_row_230)
"""


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def reference(wehi_file: Path, tmp_path_factory: pytest.TempPathFactory) -> TokenShard:
    return prepare(wehi_file, tmp_path_factory.mktemp("reference") / "shard", workers=1, part_rows=50)


def test_a_file_becomes_a_shard_with_every_row_accounted_for(reference: TokenShard, wehi_file: Path) -> None:
    report = reference.report
    assert report.read == 454 == report.kept + report.duplicates + report.rejected
    assert (report.duplicates, dict(report.refused)) == (50, {"syntax": 1, "mixture": 2, "kekulize": 1, "element": 1})
    assert len(reference) == 399 == len(set(reference.smiles()))
    lines = wehi_file.read_text().splitlines()
    for example in report.examples:
        assert lines[example.number - 1] == f"{example.text} {example.name}"
    assert reference.manifest["sources"][0]["name"] == "wehi.smi"
    assert str(wehi_file.parent) not in json.dumps(dict(reference.manifest))


def test_tokens_decode_to_the_molecules(reference: TokenShard) -> None:
    from molvae.tokens import MoleculeCodec

    codec = MoleculeCodec(reference.vocabulary, reference.constraints, reference.standardization)
    for row in range(0, len(reference), 7):
        assert codec.decode(reference.tokens_of(row).tolist()) == reference.smiles_of(row)


def test_the_shard_does_not_depend_on_the_workers(reference: TokenShard, wehi_file: Path, tmp_path: Path) -> None:
    shard = prepare(wehi_file, tmp_path / "shard", workers=2, part_rows=50)
    assert files_of(shard.path) == files_of(reference.path)


def test_the_molecules_do_not_depend_on_the_parts(reference: TokenShard, wehi_file: Path, tmp_path: Path) -> None:
    shard = prepare(wehi_file, tmp_path / "shard", workers=1)
    assert shard.data_hash == reference.data_hash
    assert shard.report == reference.report


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_goes_on_where_it_was(
    reference: TokenShard, wehi_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    out = tmp_path / "shard"
    script = tmp_path / "run.py"
    script.write_text(PREPARE)
    killed = subprocess.run([sys.executable, str(script), str(wehi_file), str(out), str(workers)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list((tmp_path / ".shard.parts").glob("part-*"))) == 4
    assert not out.exists()

    worked: list[int] = []

    def counting(rows: list[object], **settings: object) -> Corpus:
        worked.append(len(rows))
        return tokenize_rows(rows, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(preparation, "tokenize_rows", counting)
    steps: list[int] = []
    shard = prepare(wehi_file, out, workers=1, part_rows=50, progress=steps.append)
    assert files_of(shard.path) == files_of(reference.path)
    assert len(worked) == 6
    assert sum(steps) == 454
    assert [path.name for path in tmp_path.iterdir() if ".parts" in path.name] == []


def test_a_finished_shard_is_only_opened(
    reference: TokenShard, wehi_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "tokenize_rows", None)
    assert prepare(wehi_file, reference.path, workers=1, part_rows=50).data_hash == reference.data_hash


def test_another_plan_neither_mixes_in_nor_overwrites_unasked(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text("CCO\nCN\n")
    out = tmp_path / "shard"
    first = prepare(tmp_path / "a.smi", out, workers=1)
    (tmp_path / "a.smi").write_text("CCO\nCS\n")
    with pytest.raises(DataError, match="other files or settings"):
        prepare(tmp_path / "a.smi", out, workers=1)
    second = prepare(tmp_path / "a.smi", out, workers=1, overwrite=True)
    assert (list(second.smiles()), first.data_hash != second.data_hash) == (["CCO", "CS"], True)

    parts = tmp_path / ".other.parts"
    parts.mkdir()
    (parts / "part-000000.safetensors").write_bytes(b"left by another plan")
    assert len(prepare(tmp_path / "a.smi", tmp_path / "other", workers=1)) == 2


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text("CCO\n")
    (tmp_path / "mine").mkdir()
    with pytest.raises(DataError, match="no token shard"):
        prepare(tmp_path / "a.smi", tmp_path / "mine", workers=1)


def test_several_files_are_one_corpus_and_rejected_rows_a_table(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text("CCO\nC1CC =name\n=1+1\n")
    (tmp_path / "b.csv").write_text("x;product\n1;OCC\n2;CN\n3\n")
    sources: list[Path | Source] = [
        tmp_path / "a.smi",
        Source(tmp_path / "b.csv", smiles_column="product", delimiter=";"),
    ]
    shard = prepare(sources, tmp_path / "shard", rejected=tmp_path / "rejected.csv", workers=1)
    assert list(shard.smiles()) == ["CCO", "CN"]
    rows = [(row.fields["source"], row.fields["line"], row.smiles, row.name, row.fields["code"])
            for row in read_rows(tmp_path / "rejected.csv")]  # fmt: skip
    assert rows == [
        ("a.smi", "2", "C1CC", "=name", "syntax"),
        ("a.smi", "3", "=1+1", "", "syntax"),
        ("b.csv", "4", "", "", "wrong_format"),
    ]
    assert "'=1+1" in (tmp_path / "rejected.csv").read_text()  # in the file no spreadsheet runs it
    assert [source["name"] for source in shard.manifest["sources"]] == ["a.smi", "b.csv"]


def test_a_file_of_refused_rows_makes_no_shard(tmp_path: Path) -> None:  # row 101
    (tmp_path / "bad.smi").write_text("x\n" * 120 + "C1CC\n")
    with pytest.raises(DataError, match=r"no molecule is left.*121 rejected \(syntax 121\); line 1"):
        prepare(tmp_path / "bad.smi", tmp_path / "shard", rejected=tmp_path / "rejected.csv", workers=1, part_rows=50)
    assert not (tmp_path / "shard").exists()
    assert len(list(read_rows(tmp_path / "rejected.csv"))) == 121
    (tmp_path / "empty.smi").write_text("")
    with pytest.raises(DataError, match="0 rows read"):
        prepare(tmp_path / "empty.smi", tmp_path / "other", workers=1)


def test_a_file_that_breaks_off_makes_no_shard(tmp_path: Path) -> None:
    (tmp_path / "cut.csv").write_text("smiles\n" + "CCO\n" * 120 + '"CC\n')
    with pytest.raises(DataError, match="line 122"):
        prepare(tmp_path / "cut.csv", tmp_path / "shard", workers=1, part_rows=50)
    assert not (tmp_path / "shard").exists()


def test_excluded_molecules_are_left_out_by_structure(tmp_path: Path) -> None:
    (tmp_path / "all.smi").write_text("CCO\nCN\nCCC\n")
    (tmp_path / "test.smi").write_text("OCC\nbad\n")
    shard = prepare(tmp_path / "all.smi", tmp_path / "shard", exclude=[tmp_path / "test.smi"], workers=1)
    assert (list(shard.smiles()), shard.report.excluded) == (["CN", "CCC"], 1)


def test_a_given_vocabulary_is_kept_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text("CCO\nCN\n")
    vocabulary = Vocabulary.from_symbols(["[C]", "[O]", "[S]"])
    shard = prepare(tmp_path / "a.smi", tmp_path / "shard", vocabulary=vocabulary, workers=1)
    assert (shard.vocabulary, list(shard.smiles())) == (vocabulary, ["CCO"])
    assert shard.report.refused == {"unknown_symbol": 1}


def test_the_standardization_is_applied_and_stored(tmp_path: Path) -> None:
    (tmp_path / "salt.smi").write_text("CC(=O)[O-].[Na+]\n")
    standardization = Standardization(largest_fragment=True, neutralize=True)
    shard = prepare(tmp_path / "salt.smi", tmp_path / "shard", standardization=standardization, workers=1)
    assert (shard.standardization, list(shard.smiles())) == (standardization, ["CC(=O)O"])
    assert set(shard.report.notes) == {"largest_fragment", "neutralized"}


def test_molecules_in_memory_become_a_shard_too(tmp_path: Path) -> None:
    shard = prepare_smiles(["OCC", "CCO", "CN"], tmp_path / "shard")
    assert list(shard.smiles()) == ["CCO", "CN"]
    with pytest.raises(DataError, match="no molecule is left"):
        prepare_smiles(["x"], tmp_path / "other")


def test_a_missing_file_and_a_wrong_size_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        prepare(tmp_path / "nothing.smi", tmp_path / "shard", workers=1)
    (tmp_path / "a.smi").write_text("C\n")
    with pytest.raises(ValueError, match="part_rows"):
        prepare(tmp_path / "a.smi", tmp_path / "shard", workers=1, part_rows=0)


def test_a_second_preparation_of_the_same_shard_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text("CCO\nCCN\n")
    with (
        sole_writer(tmp_path / ".shard.lock", tmp_path / "shard"),
        pytest.raises(InUseError, match="shard is being written by"),
    ):
        prepare(tmp_path / "a.smi", tmp_path / "shard", workers=1)
    assert len(prepare(tmp_path / "a.smi", tmp_path / "shard", workers=1)) == 2
