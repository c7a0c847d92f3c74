from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from molvae.chem.settings import Standardization
from molvae.datasets.report import RejectionReport
from molvae.datasets.shards import TokenChunk, TokenShard, write_shard
from molvae.errors import DataError
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
from molvae.tokens.vocabulary import Vocabulary

VOCABULARY = Vocabulary.from_symbols(["[C]", "[O]"])


def write(folder: Path, chunks: list[TokenChunk]) -> TokenShard:
    return write_shard(
        folder, chunks, vocabulary=VOCABULARY, constraints=DEFAULT_CONSTRAINTS, standardization=Standardization()
    )


def test_what_is_written_is_read(alkanes: TokenShard) -> None:
    shard = TokenShard.open(alkanes.path, verify=True)
    assert len(shard) == 12
    assert shard.lengths.tolist() == [3, 1, 7, 7, 2, 5, 4, 4, 3, 6, 1, 2]
    assert list(shard.smiles()) == ["C" * (length - 1) + "O" for length in shard.lengths]
    assert list(shard.smiles([4, 1])) == ["CO", "O"]
    assert [shard.vocabulary.decode(shard.tokens_of(row).tolist()) for row in (0, -1)] == ["[C][C][O]", "[C][O]"]
    assert shard.constraints == DEFAULT_CONSTRAINTS
    assert shard.standardization == Standardization(max_atoms=60)
    assert shard.report == RejectionReport(read=12, kept=12)
    assert shard.manifest["sources"] == [{"name": "alkanes.smi", "sha256": "0" * 64}]
    with pytest.raises(IndexError):
        shard.tokens_of(12)


def test_arrays_are_mapped_and_cannot_be_written(alkanes: TokenShard) -> None:
    assert isinstance(alkanes.tokens, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        alkanes.tokens[0] = 1


def test_the_hash_depends_on_the_content_and_not_on_chunks_or_place(alkanes: TokenShard, tmp_path: Path) -> None:
    rows = [alkanes.tokens_of(row).tolist() for row in range(12)]
    smiles = list(alkanes.smiles())
    whole = write(tmp_path / "a", [TokenChunk.from_rows(rows, smiles)])
    single = [TokenChunk.from_rows([row], [text]) for row, text in zip(rows, smiles, strict=True)]
    pieces = write(tmp_path / "b", [*single, TokenChunk.from_rows([], [])])
    other = write(tmp_path / "c", [TokenChunk.from_rows(rows[::-1], smiles[::-1])])
    assert whole.data_hash == pieces.data_hash == alkanes.data_hash != other.data_hash
    for name in ("tokens.npy", "offsets.npy", "smiles.smi", "smiles_offsets.npy", "shard.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("validation", [3, 0.25])
def test_a_split_covers_all_rows_once(alkanes: TokenShard, validation: float) -> None:
    train, held_out = alkanes.split(validation, seed=0)
    assert len(held_out) == 3
    assert sorted([*train, *held_out]) == list(range(12))
    again = alkanes.split(validation, seed=0)[1]
    np.testing.assert_array_equal(held_out, again)


def test_a_split_must_leave_something_to_train_on(alkanes: TokenShard) -> None:
    for validation in (12, 100, 0.99, -1):
        with pytest.raises(ValueError, match="validation"):
            alkanes.split(validation, seed=0)
    assert len(alkanes.split(0, seed=0)[1]) == 0


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        (TokenChunk.from_rows([[3], [5]], ["C", "O"]), "from 3 to 4"),
        (TokenChunk.from_rows([[2]], ["C"]), "from 3 to 4"),
        (TokenChunk.from_rows([[3], []], ["C", ""]), "no tokens"),
        (TokenChunk.from_rows([[3]], ["C", "O"]), "one length and one SMILES"),
        (TokenChunk.from_rows([], []), "at least one molecule"),
    ],
)
def test_a_shard_that_would_be_wrong_is_not_written(tmp_path: Path, chunk: TokenChunk, message: str) -> None:
    with pytest.raises(DataError, match=message):
        write(tmp_path / "shard", [chunk])
    assert list(tmp_path.iterdir()) == []


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        manifest = json.loads((folder / "shard.json").read_text())
        change(manifest)
        (folder / "shard.json").write_text(json.dumps(manifest))

    return damage


def array(name: str, values: Any) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / name, values, allow_pickle=False)


def cut(name: str, size: int) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).write_bytes((folder / name).read_bytes()[:size])

    return damage


def text(content: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / "shard.json").write_text(content)

    return damage


DAMAGES: dict[str, Callable[[Path], None]] = {
    "no manifest": lambda folder: (folder / "shard.json").unlink(),
    "no tokens": lambda folder: (folder / "tokens.npy").unlink(),
    "no smiles": lambda folder: (folder / "smiles.smi").unlink(),
    "cut tokens": cut("tokens.npy", -3),
    "cut header": cut("offsets.npy", 20),
    "cut smiles": cut("smiles.smi", 10),
    "empty smiles": cut("smiles.smi", 0),
    "not json": text("{"),
    "deep json": text("[" * 200_000),
    "json list": text("[]"),
    "other format": edited(lambda m: m.update(format="something")),
    "next version": edited(lambda m: m.update(format_version=2)),
    "other count": edited(lambda m: m.update(molecules=13)),
    "no vocabulary": edited(lambda m: m.pop("vocabulary")),
    "vocabulary of numbers": edited(lambda m: m.update(vocabulary=[1, 2, 3])),
    "vocabulary of another kind": edited(lambda m: m.update(vocabulary=["<pad>", "<bos>", "<eos>", "nonsense"])),
    "smaller vocabulary": edited(lambda m: m["vocabulary"].pop()),
    "constraints of another kind": edited(lambda m: m.update(constraints={"C": "4", "?": 0})),
    "no constraints": edited(lambda m: m.update(constraints=None)),
    "unknown setting": edited(lambda m: m["standardization"].update(surprise=1)),
    "report of another kind": edited(lambda m: m["report"].update(read="all")),
    "tokens of another type": array("tokens.npy", np.zeros(45, dtype=np.int32)),
    "special tokens": array("tokens.npy", np.zeros(45, dtype=np.uint16)),
    "falling offsets": array("offsets.npy", np.array([0, 3, 2, *range(4, 13), 45])),
    "offsets elsewhere": array("offsets.npy", np.array([0, 3, 4, 11, 18, 20, 25, 29, 33, 36, 42, 43, 2**62])),
    "smiles offsets elsewhere": array("smiles_offsets.npy", np.arange(13)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_shard_is_refused_with_its_place(alkanes: TokenShard, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "shard"
    shutil.copytree(alkanes.path, folder)
    DAMAGES[damage](folder)
    with pytest.raises(DataError, match="shard"):
        TokenShard.open(folder)


def test_an_array_of_python_objects_is_refused(alkanes: TokenShard, tmp_path: Path) -> None:
    folder = tmp_path / "shard"
    shutil.copytree(alkanes.path, folder)
    header = np.lib.format.header_data_from_array_1_0(np.zeros(45, dtype=np.uint16)) | {"descr": "|O"}
    with (folder / "tokens.npy").open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        stream.write(b"cos\nsystem\n(S'touch canary'\ntR.")
    with pytest.raises(DataError, match="array"):
        TokenShard.open(folder)


def test_a_changed_token_is_found_by_its_hash(alkanes: TokenShard, tmp_path: Path) -> None:
    folder = tmp_path / "shard"
    shutil.copytree(alkanes.path, folder)
    changed = np.array(alkanes.tokens)
    changed[0] = 4
    np.save(folder / "tokens.npy", changed)
    assert TokenShard.open(folder).tokens[0] == 4
    with pytest.raises(DataError, match="SHA-256"):
        TokenShard.open(folder, verify=True)


def test_a_file_or_nothing_is_no_shard(tmp_path: Path) -> None:
    (tmp_path / "molecules.smi").write_text("CCO\n")
    for path in (tmp_path / "molecules.smi", tmp_path / "nothing", tmp_path):
        with pytest.raises(DataError, match="molvae data prepare"):
            TokenShard.open(path)


def test_a_shard_opens_where_chemistry_is_not_installed(alkanes: TokenShard) -> None:
    code = """
import sys
for library in ("rdkit", "selfies", "pandas", "sklearn", "joblib", "scipy", "pyarrow", "torch"):
    sys.modules[library] = None
import numpy as np
from molvae.datasets.batches import BucketedBatches, collate
from molvae.datasets.shards import TokenShard
shard = TokenShard.open(sys.argv[1])
plan = BucketedBatches(shard.lengths, shard.split(2, seed=0)[0], batch_size=4, seed=0)
print(len(shard), collate(shard, plan.batch(0)).tokens.shape[1])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(alkanes.path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "12 4\n"
