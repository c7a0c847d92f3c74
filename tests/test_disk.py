"""A full disk and a folder that may not be written: the error says so, and the last good state stays."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from molvae.cli.main import _one_line
from molvae.datasets.preparation import prepare_smiles
from molvae.datasets.shards import TokenShard
from molvae.datasets.writers import write_rows
from molvae.errors import ObjectiveError
from molvae.latent.vectors import VectorBlock, write_vectors
from molvae.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from molvae.model.config import VAEConfig
from molvae.model.vae import build_vae
from molvae.optimize.journal import Call, Journal, read_journal
from molvae.properties import PropertyModel
from molvae.tokens.codec import MoleculeCodec
from molvae.tokens.vocabulary import Vocabulary
from molvae.training import TrainConfig, train
from molvae.training.state import STATE_FILE, read_header

ROOM = 30_000  # bytes that a file may have where the disk is "full"; reports of pytest take less


@contextmanager
def full_disk() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another user may look into, as pytest's own may not."""
    path = Path(tempfile.mkdtemp(prefix="molvae-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take away the right to write in a folder, from root as well."""
    entries = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in entries:
        path.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(user)
        for path in entries:
            path.chmod(0o755)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(folder: Path, version: int) -> None:
    write_rows(folder / "rows.csv", ({"smiles": "C" * 30, "n": n} for n in range(10 + 3_000 * version)))


def packed(folder: Path, version: int) -> None:
    texts = np.random.default_rng(0).integers(10**9, size=10 + 20_000 * version).tolist()
    write_rows(folder / "rows.csv.gz", ({"smiles": "C", "n": n} for n in texts))


def vectors(folder: Path, version: int) -> None:
    n = 20 + 2_000 * version
    names = np.full(n, "x")
    block = VectorBlock(np.arange(n), names, names, names, np.ones((n, 8), np.float32), np.ones((n, 8), np.float32))
    write_vectors(folder / "vectors.npz", lambda: iter([block]))


def model(folder: Path, version: int) -> None:
    config = VAEConfig(embedding_dim=8, encoder_hidden_dim=8, latent_dim=4, decoder_hidden_dim=8 + 64 * version)
    vocabulary = Vocabulary.from_symbols(["[C]", "[O]"])
    codec = MoleculeCodec(vocabulary)
    vae = build_vae(config, vocabulary_size=len(vocabulary))
    checkpoint = Checkpoint(vae, config, vocabulary, codec.constraints, codec.standardization)
    save_checkpoint(folder / "model", checkpoint)


def shard(folder: Path, version: int) -> None:
    smiles = ["C" * length for length in range(1, 100)] * (1 + version)
    smiles += ["O" + "C" * length + "N" * (k + 1) for length in range(60) for k in range(12 * version)]
    prepare_smiles(smiles, folder / "shard", overwrite=True)


def regressor(folder: Path, version: int) -> None:
    x = np.random.default_rng(0).normal(size=(20 + 400 * version, 12))
    PropertyModel("ridge").fit(x, x[:, 0]).save(folder / "property")


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "table": rows, "packed table": packed, "vectors": vectors, "model": model, "shard": shard, "property": regressor,
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_what_was_there(name: str, tmp_path: Path) -> None:
    write = WRITERS[name]
    write(tmp_path, 0)
    before = contents(tmp_path)
    with full_disk(), pytest.raises(OSError) as caught:
        write(tmp_path, 1)
    assert caught.value.errno == errno.EFBIG  # on a disk that is full, ENOSPC
    assert _one_line(caught.value).startswith(f"File too large: {tmp_path}")
    assert before.items() <= contents(tmp_path).items()
    write(tmp_path, 1)  # there is room again
    assert contents(tmp_path) != before


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_may_not_be_written_is_named(name: str, folder: Path) -> None:
    write = WRITERS[name]
    write(folder, 0)
    before = contents(folder)
    with read_only(folder), pytest.raises(PermissionError) as caught:
        write(folder, 1)
    assert _one_line(caught.value).startswith(f"Permission denied: {folder}")
    assert contents(folder) == before


def call(number: int) -> Call:
    return Call(number, "C" * number, 0.5, {"qed": 0.5}, "", "arm" * 300, (), "", 1.7e9, 0.1, 1)


def test_a_full_disk_keeps_the_calls_that_were_recorded(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(Journal(path, {"objective": "qed"})) as journal:
        journal.append([call(1)])
        with full_disk(), pytest.raises(ObjectiveError, match=r"cannot be read or written: .*disk"):
            journal.append(map(call, range(2, 200)))
        assert [each.number for each in read_journal(path)] == [1]
        journal.append([call(2)])  # there is room again
    assert [each.number for each in read_journal(path)] == [1, 2]


def test_a_full_disk_ends_a_training_that_goes_on_afterwards(tmp_path: Path) -> None:
    smiles = ["C" * length + end for length in range(1, 30) for end in ("", "O", "N")]
    tokens = prepare_smiles(smiles, tmp_path / "shard")
    config = TrainConfig(max_steps=6, batch_size=8, validation_size=8, precision="fp32", threads=1, log_every=1,
                         checkpoint_every_minutes=1e-9)  # fmt: skip
    sizes = VAEConfig(embedding_dim=8, encoder_hidden_dim=8, latent_dim=4, decoder_hidden_dim=32)
    opened = TokenShard.open(tokens.path)

    def go_on() -> int:
        run = train(opened, tmp_path / "run", vae_config=sizes, train_config=config, resume=True, device="cpu")
        return run.steps

    with full_disk(), pytest.raises(OSError, match=STATE_FILE):
        go_on()
    left = tmp_path / "run" / STATE_FILE
    assert not left.exists() or read_header(left)
    assert go_on() == 6
    assert load_checkpoint(tmp_path / "run").metadata["training"]["steps"] >= 1
