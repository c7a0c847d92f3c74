"""Beam search: the most likely molecules of a latent point, with their log-probabilities."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from molvae.model.decoder import GRUDecoder
from molvae.model.generation import check_latent, mask_specials
from molvae.model.parallel import map_threads
from molvae.model.precision import Precision
from molvae.model.stepper import DecoderState, DecoderWeights
from molvae.settings import require
from molvae.tokens.vocabulary import BOS_TOKEN, EOS_TOKEN, PAD_TOKEN

BATCH_ROWS = 256  # beams of one batch, over all molecules


class NBest(NamedTuple):
    """The n best sequences of each latent point, best first."""

    tokens: Tensor  # (n, K, T) int64, without begin and end, padded with 0
    log_prob: Tensor  # (n, K) nats: log p(x | z), the end included; -inf where fewer than K were found


def beam_search(
    decoder: GRUDecoder | DecoderWeights,
    z: Tensor,
    *,
    beams: int = 8,
    n_best: int = 1,
    max_symbols: int = 128,
    precision: Precision = "auto",
    threads: int = 1,
) -> NBest:
    """Return the `n_best` most likely sequences of each latent point that beams of width `beams` find.

    A point is done when no open beam can still beat its n-th best finished sequence, since log-probabilities only
    fall; at `max_symbols` every open beam is closed, so the search always ends.

    Args:
        decoder: on any device, or its weights already prepared.
        z: latent points, shape (n, D).
        beams: partial sequences kept per point.
        n_best: sequences returned per point, at most `beams`.
        max_symbols: length at which open sequences are ended.
        precision: of the matrix products; not used where prepared weights are given.
        threads: points are shared out over this many threads (CPU only).
    """
    require(1 <= n_best <= beams, "n_best", f"from 1 to beams = {beams}", n_best)
    require(max_symbols >= 1, "max_symbols", "at least 1", max_symbols)
    weights = DecoderWeights.of(decoder, precision)
    check_latent(z, weights.decoder.latent_dim)
    points = max(1, BATCH_ROWS // beams)
    threads = threads if weights.device.type == "cpu" else 1
    parts = map_threads(
        lambda start: _search(weights, z[start : start + points].to(weights.device), beams, n_best, max_symbols),
        range(0, len(z), points),
        threads=threads,
    )
    if not parts:
        return NBest(torch.zeros(0, n_best, 0, dtype=torch.int64), torch.zeros(0, n_best))
    width = max(part.tokens.shape[2] for part in parts)
    tokens = [torch.nn.functional.pad(part.tokens, (0, width - part.tokens.shape[2])) for part in parts]
    return NBest(torch.cat(tokens), torch.cat([part.log_prob for part in parts]))


@torch.inference_mode()
def _search(weights: DecoderWeights, z: Tensor, beams: int, n_best: int, max_symbols: int) -> NBest:
    n, device = len(z), z.device
    state = DecoderState(weights, z.repeat_interleave(beams, dim=0))
    point = torch.arange(n, device=device).unsqueeze(1)
    score = torch.full((n, beams), -torch.inf, device=device)
    score[:, 0] = 0  # all beams start equal, so one is enough
    open_tokens = torch.full((n, beams, max_symbols), PAD_TOKEN, device=device)
    best_score = torch.full((n, beams), -torch.inf, device=device)
    best_tokens = open_tokens.clone()
    last = torch.full((n * beams,), BOS_TOKEN, device=device)
    for step in range(max_symbols + 1):
        logits = mask_specials(state.logits(last), first=step == 0, final=step == max_symbols)
        candidates = score.unsqueeze(2) + logits.log_softmax(dim=-1).view(n, beams, -1)  # (n, beams, V)

        ended = torch.cat([best_score, candidates[:, :, EOS_TOKEN]], dim=1)
        best_score, chosen = ended.topk(beams, dim=1)
        best_tokens = torch.cat([best_tokens, open_tokens], dim=1)[point, chosen]

        candidates[:, :, EOS_TOKEN] = -torch.inf
        score, flat = candidates.flatten(1).topk(beams, dim=1)
        if bool((score[:, 0] <= best_score[:, n_best - 1]).all()):
            break  # also at the last step, where every open score is -inf
        parent, token = flat // logits.shape[1], flat % logits.shape[1]
        open_tokens = open_tokens[point, parent]
        open_tokens[:, :, step] = token
        last = token.flatten()
        state.keep((point * beams + parent).flatten())
    tokens, log_prob = best_tokens[:, :n_best], best_score[:, :n_best]
    tokens = tokens.masked_fill(log_prob.isinf().unsqueeze(2), PAD_TOKEN)
    used = int((tokens != PAD_TOKEN).flatten(0, 1).any(dim=0).sum())
    return NBest(tokens[:, :, :used].cpu(), log_prob.cpu())
