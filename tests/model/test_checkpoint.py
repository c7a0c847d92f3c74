"""A model comes back as it was saved, or the error says what is wrong with the folder."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from molvae.chem.settings import Standardization
from molvae.errors import CheckpointError, MolvaeError
from molvae.model import Checkpoint, FullGaussian, VAEConfig, build_vae, load_checkpoint, save_checkpoint
from molvae.model.checkpoint import CARD, PREVIOUS_WEIGHTS, WEIGHTS
from molvae.model.null_latent import NullLatent
from molvae.tokens.constraints import Constraints
from molvae.tokens.vocabulary import Vocabulary

CONFIG = VAEConfig(embedding_dim=4, encoder_hidden_dim=5, latent_dim=3, decoder_hidden_dim=6, decoder_layers=2)
VOCABULARY = Vocabulary.from_symbols(["[C]", "[=O]", "[Ring1]"])


def make(seed: int = 0) -> Checkpoint:
    generator = torch.Generator().manual_seed(seed)
    encoded = torch.randn(20, 3, generator=generator)
    return Checkpoint(
        vae=build_vae(CONFIG, vocabulary_size=len(VOCABULARY), generator=generator),
        config=CONFIG,
        vocabulary=VOCABULARY,
        constraints=Constraints.from_mapping({"C": 4, "O": 2, "?": 0}),
        standardization=Standardization(max_atoms=60),
        priors={
            "train": FullGaussian.fit(encoded, torch.zeros(20, 3)),
            "unconditional": NullLatent(encoded[:2], torch.tensor([0.25, 0.75])),
        },
        default_prior="train",
        metadata={"data_hash": "abc", "seed": seed},
    )


def equal(ours: Checkpoint, theirs: Checkpoint) -> bool:
    ours_state, theirs_state = ours.vae.state_dict(), theirs.vae.state_dict()
    return ours_state.keys() == theirs_state.keys() and all(
        torch.equal(weight, theirs_state[name]) for name, weight in ours_state.items()
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "model", make())
    return tmp_path / "model"


def test_a_model_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    saved = save_checkpoint(tmp_path / "model", make())
    loaded = load_checkpoint(tmp_path / "model")
    assert equal(loaded, saved)
    for field in ("config", "vocabulary", "constraints", "standardization", "default_prior", "metadata"):
        assert getattr(loaded, field) == getattr(saved, field)
    assert loaded.weights_sha256 == saved.weights_sha256 != ""
    assert set(loaded.priors) == {"train", "unconditional", "normal"}
    z = torch.randn(4, 3)
    assert torch.equal(loaded.priors["train"].log_prob(z), saved.priors["train"].log_prob(z))
    assert torch.equal(loaded.priors["unconditional"].transform(z), saved.priors["unconditional"].transform(z))
    assert not loaded.vae.training
    assert sorted(entry.name for entry in (tmp_path / "model").iterdir()) == [CARD, WEIGHTS]


def test_half_precision_weights_are_read(folder: Path) -> None:
    state = load_file(folder / WEIGHTS)
    rewrite_weights(folder, {name: weight.half() for name, weight in state.items()})
    loaded = load_checkpoint(folder)
    assert all(weight.dtype == torch.float32 for weight in loaded.vae.parameters())
    torch.testing.assert_close(
        loaded.vae.state_dict()["decoder.to_logits.weight"], state["decoder.to_logits.weight"], rtol=1e-3, atol=1e-3
    )


def test_a_save_killed_at_any_moment_leaves_the_old_model_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = make(0), make(1)

    class Killed(BaseException):
        pass

    def run(kill_at: int) -> bool:
        """Save `new` over `old` and stop before the numbered change to the folder; return whether it was reached."""
        folder = tmp_path / f"model-{kill_at}"
        save_checkpoint(folder, old)
        changes = 0

        def counted(name: str) -> Callable[..., Any]:
            real = getattr(os, name)

            def change(*args: Any, **options: Any) -> Any:
                nonlocal changes
                if changes == kill_at:
                    raise Killed
                changes += 1
                return real(*args, **options)

            return change

        with monkeypatch.context() as patch:
            for name in ("replace", "link", "unlink", "fsync"):
                patch.setattr(os, name, counted(name))
            try:
                save_checkpoint(folder, new)
                killed = False
            except Killed:
                killed = True
        loaded = load_checkpoint(folder)
        assert equal(loaded, old if loaded.metadata["seed"] == 0 else new)
        save_checkpoint(folder, new)  # and the next save finds its way
        assert equal(load_checkpoint(folder), new)
        assert sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith(".")) == [CARD, WEIGHTS]
        return killed

    reached = [run(kill_at) for kill_at in range(12)]
    assert reached[0]
    assert not reached[-1], "every change was tried"


def rewrite_weights(folder: Path, tensors: dict[str, Tensor]) -> None:
    """Replace the weights and make the card name them, as somebody who means harm would."""
    save_file(tensors, folder / WEIGHTS)
    edit_card(folder, weights_sha256=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest())


def edit_card(folder: Path, **changes: object) -> None:
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | changes))


def with_tensor(change: Callable[[dict[str, Tensor]], object]) -> Callable[[Path], object]:
    def damage(folder: Path) -> None:
        state = load_file(folder / WEIGHTS)
        change(state)
        rewrite_weights(folder, state)

    return damage


def linked(folder: Path) -> None:
    shutil.move(folder / WEIGHTS, folder / "elsewhere")
    (folder / WEIGHTS).symlink_to(folder / "elsewhere")


def pickled(folder: Path) -> None:
    state = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    torch.save(state, folder / "weights.pt")


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "does not exist"),
    "no card": (lambda folder: (folder / CARD).unlink(), "none found"),
    "no weights": (lambda folder: (folder / WEIGHTS).unlink(), "has no weights.safetensors"),
    "pickle": (pickled, "reads no other weight format"),
    "link": (linked, "not a link"),
    "empty card": (lambda folder: (folder / CARD).write_text(""), "is not JSON"),
    "deep card": (lambda folder: (folder / CARD).write_text("[" * 100_000), "is not JSON"),
    "huge card": (lambda folder: (folder / CARD).write_text(" " * 1_000_001), "more than the 1,000,000"),
    "card is a list": (lambda folder: (folder / CARD).write_text("[]"), "must hold a JSON object, got list"),
    "NaN in the card": (lambda folder: edit_card(folder, metadata={"x": float("nan")}), "NaN is not JSON"),
    "double key": (
        lambda folder: (folder / CARD).write_text('{"format": 1, "format": 1}'),
        "a key stands twice",
    ),
    "huge number": (lambda folder: (folder / CARD).write_text("9" * 5_000), "is not JSON"),
    "later format": (lambda folder: edit_card(folder, format=2), "has format 2, this version reads format 1"),
    "unknown key": (lambda folder: edit_card(folder, hook="os.system"), "lacks or adds the key 'hook'"),
    "unknown size": (lambda folder: edit_card(folder, architecture={"latent_dims": 3}), "did you mean 'latent_dim'"),
    "huge size": (lambda folder: edit_card(folder, architecture={"latent_dim": 10**9}), "latent_dim must be from 1"),
    "text size": (lambda folder: edit_card(folder, architecture={"latent_dim": "3"}), "latent_dim must be int"),
    "huge vocabulary": (
        lambda folder: edit_card(folder, vocabulary=["<pad>", "<bos>", "<eos>"] + [f"[{i}]" for i in range(6_000)]),
        "at most 5,000",
    ),
    "symbol twice": (
        lambda folder: edit_card(folder, vocabulary=["<pad>", "<bos>", "<eos>", "[C]", "[C]", "[O]"]),
        "must be distinct",
    ),
    "symbol of another kind": (
        lambda folder: edit_card(folder, vocabulary=["<pad>", "<bos>", "<eos>", "[C]", "[O]", "../x"]),
        "must be SELFIES symbols",
    ),
    "a vocabulary that does not fit": (
        lambda folder: edit_card(folder, vocabulary=["<pad>", "<bos>", "<eos>", "[C]"]),
        "must have shape",
    ),
    "constraints": (lambda folder: edit_card(folder, constraints={"C": 4}), "an entry '\\?'"),
    "prior kind": (
        lambda folder: edit_card(folder, priors={"x": {"kind": "flow"}}, default_prior="x"),
        "prior kind must be",
    ),
    "prior name": (lambda folder: edit_card(folder, default_prior="other"), "'other' is not in priors"),
    "other weights": (
        lambda folder: edit_card(folder, weights_sha256="0" * 64),
        "its SHA-256 differs",
    ),
    "NaN": (
        with_tensor(lambda state: state["decoder.to_logits.bias"].fill_(torch.nan)),
        "'decoder.to_logits.bias' holds NaN",
    ),
    "infinity": (with_tensor(lambda state: state["prior.train.mean"].fill_(torch.inf)), "'prior.train.mean' holds"),
    "missing tensor": (with_tensor(lambda state: state.pop("prior.train.mean")), "the tensor 'prior.train.mean'"),
    "extra tensor": (
        with_tensor(lambda state: state.update({"../../etc/x": torch.zeros(1)})),
        "the tensor '../../etc/x'",
    ),
    "shape": (
        with_tensor(lambda state: state.update({"decoder.to_logits.bias": torch.zeros(7)})),
        "'decoder.to_logits.bias' must have shape",
    ),
    "type": (
        with_tensor(lambda state: state.update({"decoder.to_logits.bias": torch.zeros(6, dtype=torch.int64)})),
        "must be F32, F16 or BF16, got 'I64'",
    ),
    "no density": (with_tensor(lambda state: state["prior.train.scale"].zero_()), "diagonal of scale positive"),
    "oversized weights": (
        with_tensor(lambda state: state.update({"decoder.to_logits.bias": torch.zeros(10**6)})),
        "more than the",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named(folder: Path, damage: str) -> None:
    inflict, words = DAMAGE[damage]
    inflict(folder)
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(folder)


def test_every_truncation_and_bit_flip_loads_the_same_weights_or_is_refused(folder: Path) -> None:
    original = load_checkpoint(folder)
    chance = random.Random(0)
    for name in (CARD, WEIGHTS):
        whole = (folder / name).read_bytes()
        for trial in range(200):
            damaged = bytearray(whole)
            if trial % 4 == 0:
                del damaged[chance.randrange(len(whole)) :]
            else:
                damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
            (folder / name).write_bytes(damaged)
            try:
                loaded = load_checkpoint(folder)
            except CheckpointError:
                continue
            assert equal(loaded, original)
        (folder / name).write_bytes(whole)


def test_metadata_that_is_no_json_is_refused_before_anything_is_touched(folder: Path) -> None:
    before = {entry.name: entry.read_bytes() for entry in folder.iterdir()}
    with pytest.raises(ValueError, match="JSON"):
        save_checkpoint(folder, dataclasses.replace(make(1), metadata={"loss": float("nan")}))
    assert {entry.name: entry.read_bytes() for entry in folder.iterdir()} == before


def test_the_default_prior_must_be_among_the_priors() -> None:
    with pytest.raises(ValueError, match="default_prior must be one of"):
        dataclasses.replace(make(), default_prior="zinc")


def test_a_previous_weights_file_is_used_only_where_it_fits(folder: Path) -> None:
    shutil.move(folder / WEIGHTS, folder / PREVIOUS_WEIGHTS)
    assert equal(load_checkpoint(folder), make())
    (folder / PREVIOUS_WEIGHTS).write_bytes(b"")
    with pytest.raises(MolvaeError, match="SHA-256"):
        load_checkpoint(folder)
