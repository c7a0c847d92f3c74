"""From latent points to token sequences: greedy or sampled, at the speed of the matrix products.

Finished molecules leave the batch, tokens are drawn by inverting the cumulative distribution with one uniform number
per row and step (`torch.multinomial` is fifteen times slower), and that number belongs to the row: the same seed gives
the same molecules for any batch size and number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molvae.model.decoder import GRUDecoder
from molvae.model.noise import keyed_uniform
from molvae.model.parallel import map_threads
from molvae.model.precision import Precision
from molvae.model.stepper import DecoderState, DecoderWeights
from molvae.settings import require
from molvae.tokens.vocabulary import BOS_TOKEN, EOS_TOKEN, PAD_TOKEN

BATCH_ROWS = 1_024
FULL_ENOUGH = 7 / 8  # share: to leave out fewer finished rows costs more, in memory moved, than they do


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen from its probabilities.

    Temperature 0 takes the most likely token. `top_k` keeps the k most likely; `top_p` the smallest set whose
    probability reaches p (nucleus, Holtzman et al., arXiv:1904.09751). Both apply after the temperature.
    """

    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        require(0 <= self.temperature <= 100, "temperature", "from 0 (greedy) to 100", self.temperature)
        require(self.top_k is None or self.top_k >= 1, "top_k", "at least 1", self.top_k)
        require(self.top_p is None or 0 < self.top_p <= 1, "top_p", "above 0 and at most 1", self.top_p)


GREEDY = Sampling()


class Generated(NamedTuple):
    """Token sequences, one row per latent point."""

    tokens: Tensor  # (n, T) int64, without begin and end, padded with 0
    log_prob: Tensor  # (n,) nats: log p(x | z) at temperature 1, the end included
    ended: Tensor  # (n,) bool: False where the length limit cut the sequence

    def sequences(self) -> list[list[int]]:
        """Return each row's tokens as a list without padding."""
        lengths = (self.tokens != PAD_TOKEN).sum(dim=1).tolist()
        return [row[:length] for row, length in zip(self.tokens.tolist(), lengths, strict=True)]


def generate(
    decoder: GRUDecoder | DecoderWeights,
    z: Tensor,
    *,
    sampling: Sampling = GREEDY,
    seed: int = 0,
    rows: NDArray[np.int64] | None = None,
    prefixes: Tensor | None = None,
    max_symbols: int = 128,
    precision: Precision = "auto",
    threads: int = 1,
) -> Generated:
    """Decode latent points into token sequences.

    Args:
        decoder: on any device, or its weights already prepared, which saves a millisecond a call.
        z: latent points, shape (n, D).
        sampling: greedy unless given.
        seed: of the noise of each row and step.
        rows: the number of each row (n,), for a caller who decodes a long list in pieces; None counts from 0.
        prefixes: tokens that the sequences begin with, shape (n, P), padded with 0; a row goes on after its own.
        max_symbols: where a sequence that has not ended is cut.
        precision: of the matrix products; not used where prepared weights are given.
        threads: rows are shared out over this many threads (CPU only).

    Raises:
        ValueError: z has another width or is not finite, or `prefixes` are not one row for each point, each shorter
            than `max_symbols`.
    """
    require(max_symbols >= 1, "max_symbols", "at least 1", max_symbols)
    weights = DecoderWeights.of(decoder, precision)
    check_latent(z, weights.decoder.latent_dim)
    prefixes = torch.zeros(len(z), 0, dtype=torch.int64) if prefixes is None else prefixes
    if prefixes.ndim != 2 or len(prefixes) != len(z) or prefixes.shape[1] >= max_symbols:
        raise ValueError(f"prefixes must have shape ({len(z)}, fewer than {max_symbols}), got {tuple(prefixes.shape)}")
    threads = threads if weights.device.type == "cpu" else 1
    numbers = np.arange(len(z)) if rows is None else rows
    size = min(BATCH_ROWS, -(-len(z) // threads)) or 1

    def part(start: int) -> Generated:
        chosen = slice(start, start + size)
        points, given = (x[chosen].to(weights.device) for x in (z, prefixes))
        return _generate(weights, points, given, sampling, seed, numbers[chosen], max_symbols)

    return _joined(map_threads(part, range(0, len(z), size), threads=threads))


def check_latent(z: Tensor, latent_dim: int) -> None:
    """Raise `ValueError` unless `z` has shape (n, latent_dim) and every number in it is finite."""
    if z.ndim != 2 or z.shape[1] != latent_dim:
        raise ValueError(f"z must have shape (n, {latent_dim}), got {tuple(z.shape)}")
    finite = torch.isfinite(z).all(dim=1)
    if not finite.all():
        row = int((~finite).nonzero()[0])
        raise ValueError(f"z must be finite, but row {row} of {len(z)} holds NaN or infinity")


@torch.inference_mode()
def _generate(
    weights: DecoderWeights,
    z: Tensor,
    prefixes: Tensor,
    sampling: Sampling,
    seed: int,
    rows: NDArray[np.int64],
    max_symbols: int,
) -> Generated:
    device, n = z.device, len(z)
    tokens = torch.full((n, max_symbols), PAD_TOKEN, device=device)
    log_prob = torch.zeros(n, device=device)
    ended = torch.zeros(n, dtype=torch.bool, device=device)
    state = DecoderState(weights, z)
    # Of the rows of `state`: which row of z it is, whether it goes on, its score, and its tokens since `first_column`.
    active = torch.arange(n, device=device)
    alive = torch.ones(n, dtype=torch.bool, device=device)
    score = torch.zeros(n, device=device)
    columns: list[Tensor] = []
    first_column = 0

    def write() -> None:
        log_prob[active] = score
        ended[active] = ~alive
        if columns:
            tokens[active, first_column : first_column + len(columns)] = torch.stack(columns, dim=1)

    last = torch.full((n,), BOS_TOKEN, device=device)
    noise = torch.empty(n, 0)
    for step in range(max_symbols + 1):
        logits = mask_specials(state.logits(last), first=step == 0, final=step == max_symbols)
        if sampling.temperature == 0:
            last = logits.argmax(dim=-1)
        else:
            if step % 32 == 0:  # in blocks: most molecules end long before the limit
                noise = keyed_uniform(seed, rows, range(step, step + 32))
            last = draw(logits, sampling, noise[active.cpu(), step % 32].to(device))
        if step < prefixes.shape[1]:
            given = prefixes[active, step]
            last = torch.where(given == PAD_TOKEN, last, given)
        score += alive * logits.log_softmax(dim=-1).gather(1, last.unsqueeze(1)).squeeze(1)
        if step == max_symbols:
            break  # only the end was allowed: those that are alive here were cut
        alive = alive & (last != EOS_TOKEN)
        columns.append(last.where(alive, PAD_TOKEN))
        remaining = int(alive.sum())
        if remaining == 0:
            break
        if remaining <= FULL_ENOUGH * len(alive):
            write()
            first_column, columns = step + 1, []
            survivors = alive.nonzero().squeeze(1)
            active, last, alive, score = (x[survivors] for x in (active, last, alive, score))
            state.keep(survivors)
    write()
    used = int((tokens != PAD_TOKEN).any(dim=0).sum())
    return Generated(tokens[:, :used].cpu(), log_prob.cpu(), ended.cpu())


def mask_specials(logits: Tensor, *, first: bool, final: bool) -> Tensor:
    """Forbid what is no next symbol: padding, begin, an end at the first step, and all but the end at the last."""
    logits[:, :EOS_TOKEN] = -torch.inf  # padding and begin
    if first:
        logits[:, EOS_TOKEN] = -torch.inf
    elif final:
        logits[:, EOS_TOKEN + 1 :] = -torch.inf
    return logits


def draw(logits: Tensor, sampling: Sampling, uniform: Tensor) -> Tensor:
    """Draw one token per row of `logits` (n, V) by inverting the cumulative distribution at `uniform` (n,)."""
    probabilities = (logits / sampling.temperature).softmax(dim=-1)
    if sampling.top_k is not None or sampling.top_p is not None:
        ordered, order = probabilities.sort(dim=-1, descending=True, stable=True)
        keep = torch.ones_like(ordered, dtype=torch.bool)
        if sampling.top_k is not None:
            keep[:, sampling.top_k :] = False
        if sampling.top_p is not None:
            keep &= ordered.cumsum(dim=-1) - ordered < sampling.top_p  # the most likely token always stays
        probabilities = torch.zeros_like(probabilities).scatter(1, order, ordered * keep)
    cumulative = probabilities.cumsum(dim=-1)
    target = uniform.unsqueeze(1) * cumulative[:, -1:]
    return (cumulative <= target).sum(dim=-1).clamp(max=logits.shape[1] - 1)


def _joined(parts: list[Generated]) -> Generated:
    if not parts:
        return Generated(torch.zeros(0, 0, dtype=torch.int64), torch.zeros(0), torch.zeros(0, dtype=torch.bool))
    width = max(part.tokens.shape[1] for part in parts)
    padded = [torch.nn.functional.pad(part.tokens, (0, width - part.tokens.shape[1])) for part in parts]
    return Generated(
        torch.cat(padded), torch.cat([part.log_prob for part in parts]), torch.cat([part.ended for part in parts])
    )
