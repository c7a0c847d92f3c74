"""Generation is the decoder's own distribution, whatever the batch, and it always ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from molvae.errors import ConfigError
from molvae.model import GREEDY, DecoderWeights, Generated, MoleculeVAE, Sampling, generate
from molvae.model.generation import draw
from molvae.model.precision import Precision
from molvae.tokens.vocabulary import BOS_TOKEN, EOS_TOKEN

SAMPLED = Sampling(temperature=1.0)


def forced_log_prob(vae: MoleculeVAE, z: Tensor, row: list[int], *, max_symbols: int) -> float:
    """Score a sequence through the plain forward pass, with the same tokens forbidden."""
    tokens = torch.tensor([BOS_TOKEN, *row]).unsqueeze(1)
    logits = vae.decoder(z.unsqueeze(0), tokens)[:, 0].detach()
    logits[:, :2] = -torch.inf
    logits[0, EOS_TOKEN] = -torch.inf
    log_probs = logits.log_softmax(dim=-1)
    total = sum(float(log_probs[step, token]) for step, token in enumerate(row))
    return total if len(row) == max_symbols else total + float(log_probs[len(row), EOS_TOKEN])


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED, Sampling(1.3, top_k=5), Sampling(1.0, top_p=0.7)])
def test_log_prob_agrees_with_the_plain_decoder(vae: MoleculeVAE, z: Tensor, sampling: Sampling) -> None:
    made = generate(vae.decoder, z, sampling=sampling, max_symbols=10, precision="fp32")
    reference = [forced_log_prob(vae, z[i], row, max_symbols=10) for i, row in enumerate(made.sequences())]
    torch.testing.assert_close(made.log_prob, torch.tensor(reference), atol=1e-4, rtol=1e-4)


def test_greedy_follows_the_most_likely_token_of_the_plain_decoder(vae: MoleculeVAE, z: Tensor) -> None:
    made = generate(vae.decoder, z, max_symbols=10, precision="fp32")
    for point, row in zip(z, made.sequences(), strict=True):
        tokens = torch.tensor([BOS_TOKEN, *row]).unsqueeze(1)
        logits = vae.decoder(point.unsqueeze(0), tokens)[:, 0]
        logits[:, :2] = logits[0, EOS_TOKEN] = -torch.inf
        expected = logits.argmax(dim=-1).tolist()
        assert expected[: len(row)] == row
        assert len(row) == 10 or expected[len(row)] == EOS_TOKEN


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED])
def test_a_row_is_the_same_alone_in_any_batch_and_on_any_threads(
    vae: MoleculeVAE, z: Tensor, sampling: Sampling, precision: Precision
) -> None:
    weights = DecoderWeights.of(vae.decoder, precision)

    def make(points: Tensor, first_row: int = 0, threads: int = 1) -> Generated:
        return generate(
            weights,
            points,
            sampling=sampling,
            seed=9,
            rows=np.arange(first_row, first_row + len(points)),
            max_symbols=12,
            threads=threads,
        )

    whole = make(z)
    assert make(z, threads=3).sequences() == whole.sequences()
    assert torch.equal(make(z, threads=3).log_prob, whole.log_prob)
    for start in range(0, len(z), 7):
        piece = make(z[start : start + 7], first_row=start)
        assert piece.sequences() == whole.sequences()[start : start + 7]
    assert [make(z[i : i + 1], first_row=i).sequences()[0] for i in range(len(z))] == whole.sequences()


def test_another_seed_gives_other_molecules_and_leaves_the_global_state(vae: MoleculeVAE, z: Tensor) -> None:
    state = torch.get_rng_state()
    first, second = (generate(vae.decoder, z, sampling=SAMPLED, seed=seed, max_symbols=12) for seed in (0, 1))
    assert first.sequences() != second.sequences()
    assert torch.equal(torch.get_rng_state(), state)


def test_tokens_are_drawn_with_the_decoders_probabilities(vae: MoleculeVAE, z: Tensor) -> None:
    n = 20_000
    made = generate(vae.decoder, z[:1].expand(n, -1), sampling=SAMPLED, max_symbols=1, precision="fp32")
    logits = vae.decoder(z[:1], torch.tensor([[BOS_TOKEN]]))[0, 0].detach()
    logits[:3] = -torch.inf
    expected = logits.softmax(dim=-1)
    counts = torch.bincount(made.tokens[:, 0], minlength=12) / n
    torch.testing.assert_close(counts, expected, atol=4 * 0.5 / math.sqrt(n), rtol=0)


def test_top_k_and_top_p_keep_what_they_say() -> None:
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log().expand(4_000, -1).contiguous()
    uniform = torch.linspace(1e-6, 1 - 1e-6, 4_000)
    everything = draw(logits, Sampling(1.0), uniform)
    assert torch.bincount(everything, minlength=4).tolist() == pytest.approx([2000, 1200, 600, 200], abs=2)
    assert set(draw(logits, Sampling(1.0, top_k=2), uniform).tolist()) == {0, 1}
    assert set(draw(logits, Sampling(1.0, top_p=0.5), uniform).tolist()) == {0}
    assert set(draw(logits, Sampling(1.0, top_p=0.81), uniform).tolist()) == {0, 1, 2}
    kept = draw(logits, Sampling(1.0, top_k=2), uniform)
    assert torch.bincount(kept, minlength=2).tolist() == pytest.approx([2500, 1500], abs=2)


def test_a_low_temperature_is_greedy(vae: MoleculeVAE, z: Tensor) -> None:
    cold = generate(vae.decoder, z, sampling=Sampling(1e-4), max_symbols=10, precision="fp32")
    assert cold.sequences() == generate(vae.decoder, z, max_symbols=10, precision="fp32").sequences()


@pytest.mark.parametrize("limit", [1, 5])
def test_it_ends_at_the_limit_and_says_which_rows_were_cut(vae: MoleculeVAE, z: Tensor, limit: int) -> None:
    with torch.no_grad():
        vae.decoder.to_logits.bias[EOS_TOKEN] = -100  # never ends by itself
    made = generate(vae.decoder, z, sampling=SAMPLED, max_symbols=limit)
    assert made.tokens.shape == (len(z), limit)
    assert not made.ended.any()
    with torch.no_grad():
        vae.decoder.to_logits.bias[EOS_TOKEN] = 100
    made = generate(vae.decoder, z, sampling=SAMPLED, max_symbols=limit)
    assert [len(row) for row in made.sequences()] == [1] * len(z), "a molecule has at least one symbol"
    assert made.ended.all() == (limit > 1)


def test_no_points_give_no_molecules(vae: MoleculeVAE) -> None:
    assert generate(vae.decoder, torch.zeros(0, 4)).sequences() == []


@pytest.mark.parametrize(
    ("z", "words"),
    [
        (torch.zeros(3, 5), "z must have shape \\(n, 4\\), got \\(3, 5\\)"),
        (torch.zeros(4), "z must have shape"),
        (torch.tensor([[0.0] * 4, [0.0, torch.nan, 0.0, 0.0]]), "row 1 of 2 holds NaN or infinity"),
        (torch.tensor([[torch.inf] * 4]), "row 0 of 1"),
    ],
)
def test_bad_points_are_named(vae: MoleculeVAE, z: Tensor, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        generate(vae.decoder, z)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"temperature": -1.0}, "temperature"),
        ({"top_k": 0}, "top_k"),
        ({"top_p": 0.0}, "top_p"),
        ({"top_p": 1.1}, "top_p"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, float], name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Sampling(**settings)  # type: ignore[arg-type]


def test_a_row_that_is_given_what_it_would_write_goes_on_as_it_would(vae: MoleculeVAE, z: Tensor) -> None:
    free = generate(vae.decoder, z, sampling=SAMPLED, seed=3, max_symbols=10, precision="fp32")
    prefixes = free.tokens[:, :4] * (torch.arange(4) < torch.arange(len(z))[:, None] % 5)  # none to four of its tokens
    given = generate(vae.decoder, z, sampling=SAMPLED, seed=3, prefixes=prefixes, max_symbols=10, precision="fp32")
    assert torch.equal(given.tokens, free.tokens)
    torch.testing.assert_close(given.log_prob, free.log_prob)


def test_every_sequence_begins_with_its_prefix(vae: MoleculeVAE, z: Tensor) -> None:
    prefixes = torch.full((len(z), 3), 5)
    prefixes[::2, 1:] = 0
    made = generate(vae.decoder, z, sampling=SAMPLED, prefixes=prefixes, max_symbols=10, precision="fp32")
    for row, prefix in zip(made.sequences(), prefixes.tolist(), strict=True):
        wanted = [token for token in prefix if token]
        assert row[: len(wanted)] == wanted
    reference = [forced_log_prob(vae, z[i], row, max_symbols=10) for i, row in enumerate(made.sequences())]
    torch.testing.assert_close(made.log_prob, torch.tensor(reference), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("shape", [(1, 2), (0, 2), (8, 10)])
def test_prefixes_are_one_row_for_each_point_and_leave_room(
    vae: MoleculeVAE, z: Tensor, shape: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match="prefixes must have shape"):
        generate(vae.decoder, z, prefixes=torch.full(shape, 5), max_symbols=10)
