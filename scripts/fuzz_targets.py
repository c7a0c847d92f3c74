"""What `fuzz.py` attacks: for each reader of molvae, a way to make a hostile input and to read it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import struct
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from molvae.chem import canonical_smiles
from molvae.chem.embedded import embedded_path
from molvae.cli.settings_file import overruled, read_tables
from molvae.datasets import TokenShard, prepare_smiles, read_rows, write_rows
from molvae.datasets.readers import file_format
from molvae.errors import CheckpointError, ConfigError, DataError, MissingExtraError, MoleculeError, ObjectiveError
from molvae.latent.space import LatentSpace
from molvae.latent.vectors import VectorBlock, read_points, write_vectors
from molvae.model import Checkpoint, FullGaussian, VAEConfig, build_vae, save_checkpoint
from molvae.model.checkpoint import CARD, WEIGHTS
from molvae.model.null_latent import NullLatent
from molvae.model.priors import LatentPrior
from molvae.optimize.journal import Call, Journal, read_journal
from molvae.properties import PropertyModel
from molvae.properties.saved import ARRAYS
from molvae.properties.saved import CARD as PROPERTY_CARD
from molvae.tokens.codec import MoleculeCodec, tokenize
from molvae.tokens.constraints import DEFAULT_CONSTRAINTS
from molvae.tokens.vocabulary import Vocabulary, split_selfies
from molvae.training import TrainConfig
from molvae.training import read_journal as read_metrics
from molvae.training.state import TrainingState, WeightAverage, load_state, save_state

sys.set_int_max_str_digits(4300)  # as Python has it by itself
_TABLES = ("csv", "tsv", "parquet")
_PIECES = (
    b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b'"', b'""', b",", b"\t", b";", b"\r", b"\r\n", b"\n\n", b"NaN", b"=1+1",
    b"$$$$\n", b"M  END\n", b"C1CC", b"[CH3]", b"%(100)", b"*" * 300, b"C" * 20_000, b"\xc3\x28", b"\x1f\x8b", b"1e999",
    b"-1", b"../" * 9, b"\xe2\x80\xa8", b">  <smiles>\n", b"999999999999", b"{", b"[" * 500, b"null", b"true",
)  # fmt: skip
_SMILES = (
    *"CNOFSPIBcnos()()[]=#123456789%/\\@+-.:~*> ", "Cl", "Br", "[nH]", "[C@@H]", "[O-]", "[N+]", "%10", "%(100)",
    "C1CC1", "",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, 0.5, -1e308, 1e308, "", "x", "../../etc/passwd", "/dev/zero",
    "x" * 5_000, "\0", "\ud800", "nan", [], {}, [[]], [None] * 50, {"kind": "normal"}, ["<pad>"], [[[[[[]]]]]],
    {"": {}},
)  # fmt: skip


@dataclass(frozen=True)
class Stock:
    """Good files of every kind, which the targets damage, and a place to put them."""

    folder: Path
    files: Mapping[str, bytes]  # by name
    smiles: tuple[str, ...]
    codec: MoleculeCodec
    weights: Mapping[str, torch.Tensor]  # of the checkpoint

    @classmethod
    def build(cls, folder: Path) -> Stock:
        """Write one good file or folder of each kind and remember its bytes."""
        raw = [row.smiles for row in read_rows(embedded_path("wehi_mols.csv"), header=False)][:400]
        smiles = tuple(canonical_smiles(text) for text in raw if text and "." not in text)
        shard = prepare_smiles(smiles[:60], folder / "shard")
        rows = [{"smiles": text, "name": f"molecule {i}", "logp": 0.5 * i} for i, text in enumerate(smiles[:40])]
        for suffix in ("smi", "csv", "tsv", "sdf", "parquet", "csv.gz"):
            write_rows(folder / f"rows.{suffix}", rows)
        block = VectorBlock(
            np.arange(1, 31), np.array([f"name {i}" for i in range(30)]), np.array(smiles[:30]), np.array(["ok"] * 30),
            np.ones((30, 5), np.float32), np.zeros((30, 5), np.float32),
        )  # fmt: skip
        for suffix in ("npz", "npy", "csv", "parquet", "csv.gz"):
            write_vectors(folder / f"vectors.{suffix}", lambda: iter([block]))
        checkpoint = _checkpoint(shard.vocabulary)
        save_checkpoint(folder / "model", checkpoint)
        save_state(folder / "training.safetensors", _training_state(shard.vocabulary), {"seed": 0})
        x = np.random.default_rng(0).normal(size=(40, 6))
        for kind in ("ridge", "forest", "gp", "mlp"):
            PropertyModel(kind).fit(x, x[:, 0]).save(folder / f"property-{kind}")
        with closing(Journal(folder / "journal.sqlite", {"objective": "qed"})) as journal:
            journal.append(
                Call(i + 1, text, 0.5, {"qed": 0.5}, "", "prior", ("CC",), "", 1.7e9, 0.1, 1)
                for i, text in enumerate(smiles[:20])
            )
        (folder / "metrics.jsonl").write_text('{"kind": "train", "step": 1, "loss": 2.5}\n' * 5)
        (folder / "settings.toml").write_text('[train]\nbatch_size = 32\nprecision = "fp32"\nlearning_rate = 1e-3\n')
        files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        codec = MoleculeCodec(shard.vocabulary, DEFAULT_CONSTRAINTS)
        return cls(folder, files, smiles, codec, checkpoint.vae.state_dict())

    def put(self, name: str, content: bytes) -> Path:
        """Write a file into the place for damaged ones."""
        path = self.folder / "damaged" / name
        if path.is_symlink() or not path.is_file():
            _remove(path)
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def put_all(self, prefix: str, changed: Mapping[str, bytes]) -> Path:
        """Write the files of a folder, some of them changed, and return the folder."""
        folder = self.folder / "damaged" / prefix
        for name, content in self.files.items():
            if name.startswith(f"{prefix}/"):
                self.put(name, changed.get(name, content))
        return folder


Target = Callable[[Random, Stock], bool]  # True where the input was taken, False where it was refused as it must be


def _checkpoint(vocabulary: Vocabulary) -> Checkpoint:
    config = VAEConfig(embedding_dim=4, encoder_hidden_dim=5, latent_dim=5, decoder_hidden_dim=6, decoder_layers=2)
    points = torch.randn(20, 5, generator=torch.Generator().manual_seed(0))
    vae = build_vae(config, vocabulary_size=len(vocabulary), generator=torch.Generator().manual_seed(0))
    priors: dict[str, LatentPrior] = {
        "train": FullGaussian.fit(points, torch.zeros(20, 5)),
        "null": NullLatent(points[:1], torch.ones(1)),
    }
    metadata = {"longest_molecule": 60, "neighbor_radius": None, "metrics": {"kl": 3.5}}
    codec = MoleculeCodec(vocabulary)
    return Checkpoint(vae, config, vocabulary, codec.constraints, codec.standardization, priors, "train", metadata)


def _training_state(vocabulary: Vocabulary) -> TrainingState:
    vae = _checkpoint(vocabulary).vae
    return TrainingState(vae, torch.optim.AdamW(vae.parameters()), WeightAverage(vae.parameters(), 0.9))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def damaged(raw: bytes, chance: Random) -> bytes:
    """Return bytes with some of them flipped, cut out, doubled, or replaced by what readers stumble over."""
    data = bytearray(raw)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        place, length = chance.randrange(len(data) + 1), chance.choice((1, 2, 8, 100, 5_000))
        match chance.randrange(7):
            case 0 if place < len(data):
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                del data[place:]
            case 2:
                del data[place : place + length]
            case 3:
                data[place:place] = data[place : place + length]
            case 4:
                data[place : place + length] = chance.randbytes(length)
            case 5:
                number = chance.choice((0, 2**16, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1))
                data[place : place + 8] = struct.pack("<Q", number)
            case _:
                data[place:place] = chance.choice(_PIECES)
    return bytes(data)


def edited(value: Any, chance: Random) -> Any:
    """Return JSON with one value replaced, removed, doubled or renamed, anywhere in it."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.15:
        return chance.choice(_VALUES)
    if isinstance(value, list):
        place = chance.randrange(len(value))
        new = [edited(value[place], chance)] if chance.random() < 0.7 else chance.choice(([], [value[place]] * 2))
        return [*value[:place], *new, *value[place + 1 :]]
    key = chance.choice(list(value))
    change = chance.random()
    rest = {name: item for name, item in value.items() if name != key}
    if change < 0.1:
        return rest
    if change < 0.2:
        return rest | {chance.choice(("", "__class__", f"{key}x", "../x", "x" * 2_000)): value[key]}
    return rest | {key: edited(value[key], chance)}


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _resealed(card: bytes, key: str, arrays: bytes) -> bytes:
    """Return a card that names these arrays, as somebody who means harm would write it."""
    return _dumped(json.loads(card) | {key: hashlib.sha256(arrays).hexdigest()})


def _tampered(raw: bytes, chance: Random) -> bytes:
    """Return a safetensors file with another header, or with numbers that are none."""
    size = int.from_bytes(raw[:8], "little")
    header, body = json.loads(raw[8 : 8 + size]), bytearray(raw[8 + size :])
    if chance.random() < 0.3:
        number = chance.choice((b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f", b"\x00\x00\x80\xff", b"\xff\xff\xff\xff"))
        place = 4 * chance.randrange(len(body) // 4)
        body[place : place + 4] = number
    else:
        header = edited(header, chance)
    text = _dumped(header)
    if chance.random() < 0.1:
        text = text.replace(b"{", b'{"__metadata__":{"a":"b"},', 1)
    return struct.pack("<Q", len(text) if chance.random() < 0.9 else chance.choice((0, 2**40, 2**64 - 1))) + text + body


def _folder_target(prefix: str, card: str, arrays: str, seal: str, read: Callable[[Path, Stock, bool], None]) -> Target:
    """Return the target of a folder with a card and a safetensors file; `read` is told whether both fit each other."""

    def target(chance: Random, stock: Stock) -> bool:
        card_name, arrays_name = f"{prefix}/{card}", f"{prefix}/{arrays}"
        good_card, good_arrays = stock.files[card_name], stock.files[arrays_name]
        changed, sealed = {}, False
        match chance.randrange(6):
            case 0:
                changed = {card_name: damaged(good_card, chance)}
            case 1:
                changed = {arrays_name: damaged(good_arrays, chance)}
            case 2 | 3:
                changed = {card_name: _dumped(edited(json.loads(good_card), chance))}
            case _:
                sealed, raw = True, _tampered(good_arrays, chance)
                changed = {arrays_name: raw, card_name: _resealed(good_card, seal, raw)}
        folder = stock.put_all(prefix, changed)
        if chance.random() < 0.03:
            _replaced(folder / chance.choice((card, arrays)), chance)
        try:
            read(folder, stock, sealed)
        except CheckpointError:
            return False
        return True

    return target


def _replaced(path: Path, chance: Random) -> None:
    """Put something in the place of a file that is no plain file."""
    path.unlink()
    match chance.randrange(4):
        case 0:
            path.symlink_to("/dev/zero")
        case 1:
            path.symlink_to("/etc/hostname")
        case 2:
            path.mkdir()
        case _:
            os.mkfifo(path)


def _read_model(folder: Path, stock: Stock, sealed: bool) -> None:
    space = LatentSpace.load(folder, threads=1, workers=1)
    state = space.checkpoint.vae.state_dict()
    if not sealed:
        assert state.keys() == stock.weights.keys()
        assert all(torch.equal(weight, stock.weights[name]) for name, weight in state.items()), "other weights"
    assert all(torch.isfinite(weight).all() for weight in state.values())
    space.encode(["CCO", None])  # what loads must also work


def _read_property(folder: Path, stock: Stock, sealed: bool) -> None:
    prediction = PropertyModel.load(folder).predict(np.zeros((2, 6)))
    assert prediction.shape[0] == 2


def _rows_target(suffix: str) -> Target:
    kind = file_format(f"rows.{suffix}")

    def target(chance: Random, stock: Stock) -> bool:
        content = damaged(stock.files[f"rows.{suffix}"], chance)
        if chance.random() < 0.1:
            content = gzip.compress(content, 1) if chance.random() < 0.5 else damaged(gzip.compress(content, 1), chance)
        header, delimiter = chance.random() < 0.9, chance.choice((None, None, None, ";", "\t", '"'))
        try:
            for row in read_rows(io.BytesIO(content), format=kind, header=header, delimiter=delimiter):
                assert row.refusal is not None or isinstance(row.smiles, str)
        except (DataError, MissingExtraError):
            return False
        return True

    return target


def _vectors_target(suffix: str) -> Target:
    def target(chance: Random, stock: Stock) -> bool:
        path = stock.put(f"vectors.{suffix}", damaged(stock.files[f"vectors.{suffix}"], chance))
        try:
            for block in read_points(path):
                assert block.z.ndim == 2
                assert len(block.z) == len(block.row) == len(block.name)
        except DataError:
            return False
        return True

    return target


def _smiles(chance: Random, stock: Stock) -> bool:
    text = chance.choice(stock.smiles)
    match chance.randrange(10):
        case 0:
            text = damaged(text.encode(), chance).decode("utf-8", "replace")
        case 1:
            text = (text * chance.randrange(1, 30))[: chance.randrange(1, 1_500)]
        case 2:
            text = "".join(chance.choices(_SMILES, k=chance.randrange(1, 300)))
        case _:
            for _ in range(chance.randrange(1, 4)):
                place = chance.randrange(len(text))
                text = text[:place] + chance.choice(_SMILES) + text[place + chance.randrange(3) :]
    try:
        molecule = stock.codec.encode(text if chance.random() < 0.99 else chance.choice(_VALUES))
    except MoleculeError as err:
        if not (err.code and err.detail.isprintable()):
            raise AssertionError(f"a refusal that cannot be read: {err!r}") from err
        return False
    assert stock.codec.decode(molecule.tokens) == molecule.smiles, "changed in silence"
    return True


def _tokens(chance: Random, stock: Stock) -> bool:
    size = len(stock.codec.vocabulary)
    unit = [chance.randrange(size) for _ in range(chance.choice((1, 2, 5, 8, 20, 60)))]
    try:
        smiles = stock.codec.decode((unit * chance.choice((1, 1, 3, 500)))[: chance.choice((20, 60, 200, 512))])
    except MoleculeError:
        return False
    assert smiles
    return True


def _selfies(chance: Random, stock: Stock) -> bool:
    text = "".join(tokenize(chance.choice(stock.smiles)).symbols)
    try:
        symbols = list(split_selfies(damaged(text.encode(), chance).decode("latin-1")))
        stock.codec.vocabulary.encode(symbols)
        MoleculeCodec(Vocabulary.from_symbols(symbols)).check()
    except (ValueError, KeyError):
        return False
    return True


def _shard(chance: Random, stock: Stock) -> bool:
    names = [name for name in stock.files if name.startswith("shard/")]
    name = chance.choice(names)
    if name.endswith("shard.json") and chance.random() < 0.7:
        content = _dumped(edited(json.loads(stock.files[name]), chance))
    else:
        content = damaged(stock.files[name], chance)
    folder = stock.put_all("shard", {name: content})
    try:
        shard = TokenShard.open(folder)
        for row in range(len(shard)):
            shard.tokens_of(row)
        assert shard.groups
        TokenShard.open(folder, verify=True)
        assert list(shard.smiles())
    except DataError:
        return False
    return True


def _journal(chance: Random, stock: Stock) -> bool:
    path = stock.put("journal.sqlite", damaged(stock.files["journal.sqlite"], chance))
    try:
        assert all(call.smiles for call in read_journal(path))
    except ObjectiveError:
        return False
    return True


def _state(chance: Random, stock: Stock) -> bool:
    path = stock.put("training.safetensors", damaged(stock.files["training.safetensors"], chance))
    state = _training_state(stock.codec.vocabulary)
    try:
        load_state(path, state)
    except CheckpointError:
        return False
    assert all(torch.equal(weight, stock.weights[name]) for name, weight in state.vae.state_dict().items())
    return True


def _metrics(chance: Random, stock: Stock) -> bool:
    path = stock.put("run/metrics.jsonl", damaged(stock.files["metrics.jsonl"], chance))
    return len(read_metrics(path.parent)) > 0


def _settings(chance: Random, stock: Stock) -> bool:
    path = stock.put("settings.toml", damaged(stock.files["settings.toml"], chance))
    try:
        overruled(TrainConfig, read_tables(path, known=("train",)).get("train", {}), {}, where="train")
    except ConfigError:
        return False
    return True


def all_targets() -> dict[str, Target]:
    """Return the targets by name."""
    rows = {f"rows.{suffix}": _rows_target(suffix) for suffix in ("smi", "csv", "tsv", "sdf", "parquet", "csv.gz")}
    vectors = {f"vectors.{suffix}": _vectors_target(suffix) for suffix in ("npz", "npy", "csv", "parquet", "csv.gz")}
    properties = {
        f"property-{kind}": _folder_target(f"property-{kind}", PROPERTY_CARD, ARRAYS, "arrays_sha256", _read_property)
        for kind in ("ridge", "forest", "gp", "mlp")
    }
    return {
        "smiles": _smiles, "tokens": _tokens, "selfies": _selfies, **rows, **vectors,
        "checkpoint": _folder_target("model", CARD, WEIGHTS, "weights_sha256", _read_model), **properties,
        "state": _state, "shard": _shard, "journal": _journal, "metrics": _metrics, "settings": _settings,
    }  # fmt: skip
