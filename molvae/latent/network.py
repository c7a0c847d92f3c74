"""The network at work: token sequences to posteriors and latent points to token sequences, as NumPy arrays.

The one place that decides device, precision and threads.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from molvae.model.beam import beam_search
from molvae.model.generation import BATCH_ROWS, Sampling, generate
from molvae.model.parallel import map_threads, resolve_threads
from molvae.model.posterior import DiagonalGaussian
from molvae.model.precision import Precision, autocast, resolve_precision
from molvae.model.refinement import refine
from molvae.model.stepper import DecoderWeights, padded_rows
from molvae.model.vae import MoleculeVAE
from molvae.tokens.vocabulary import BOS_TOKEN, EOS_TOKEN, PAD_TOKEN

ENCODE_ROWS = 256  # molecules of one batch, sorted by length; more overflow the processor's second-level cache
_REFINE_ROWS = 128  # molecules of one batch; what is left of it shrinks step by step
_ONE_THREAD_BELOW = 64  # rows: a second thread costs more than it gives

Posteriors = tuple[NDArray[np.float32], NDArray[np.float32]]  # mean and log-variance, both (n, D)


def resolve_device(device: str) -> torch.device:
    """Return the device that "cpu", "cuda", "cuda:1" or "auto" (a GPU if there is one) names.

    Raises:
        ValueError: an unknown device, or no GPU where one is asked for.

    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except RuntimeError as err:
        raise ValueError(f"device must be 'cpu', 'cuda' or 'auto', got {device!r}") from err
    if resolved.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device {device!r} needs a GPU, and torch sees none; use device='cpu' or 'auto'")
    return resolved


@dataclass(frozen=True, slots=True)
class Network:
    """A trained VAE with its device, precision and threads; one precision for every input size."""

    vae: MoleculeVAE
    weights: DecoderWeights  # the decoder's, prepared once
    threads: int | None  # None: one for a few rows, all usable processors for many
    max_symbols: int

    @classmethod
    def of(
        cls, vae: MoleculeVAE, *, device: str, precision: Precision, threads: int | None, max_symbols: int
    ) -> Network:
        """Move a VAE to its device and prepare it."""
        if threads is not None:
            resolve_threads(threads)  # refuses what is no number of threads
        vae = vae.to(resolve_device(device)).eval()
        return cls(vae, DecoderWeights(vae.decoder, resolve_precision(precision, vae.device)), threads, max_symbols)

    @property
    def device(self) -> torch.device:
        return self.vae.device

    @property
    def precision(self) -> Precision:
        """Return "bf16" or "fp32", as resolved for the device."""
        return "bf16" if self.weights.dtype == torch.bfloat16 else "fp32"

    def posteriors(self, molecules: Sequence[Sequence[int]]) -> Posteriors:
        """Return mean and log-variance, both (n, D), of token sequences without specials."""

        def encode(tokens: Tensor, lengths: Tensor, first_row: int) -> Tensor:
            posterior = self.vae.encode(tokens, lengths)
            return torch.stack([posterior.mean, posterior.log_var], dim=1)

        both = self.map_batches(encode, molecules, (2, self.vae.latent_dim))
        return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])

    def refined(self, molecules: Sequence[Sequence[int]], posteriors: Posteriors) -> NDArray[np.float32]:
        """Return points (n, D) near the posterior means from which greedy decoding writes the molecules; `refine`."""
        decoder = copy.deepcopy(self.vae.decoder).requires_grad_(False)  # a third of the way back is not walked
        mean, log_var = map(torch.from_numpy, posteriors)
        result = np.empty_like(posteriors[0])

        def run(chosen: NDArray[np.intp], _start: int) -> None:
            tokens, _ = pad([molecules[row] for row in chosen])
            posterior = DiagonalGaussian(mean[chosen].to(self.device), log_var[chosen].to(self.device))
            points = refine(decoder, tokens.to(self.device), posterior, dtype=self.weights.dtype)
            result[chosen] = points.cpu().numpy()

        self._in_batches(run, _by_length(molecules), _REFINE_ROWS)
        return result

    def map_batches(
        self,
        function: Callable[[Tensor, Tensor, int], Tensor],
        molecules: Sequence[Sequence[int]],
        width: tuple[int, ...],
        *,
        keep_order: bool = False,
    ) -> NDArray[np.float32]:
        """Return `function(tokens (T, B), lengths (B,), first row)` of all molecules, shape (n, *width).

        Batches are sorted by length, which leaves almost no padding, unless the rows must keep their numbers.
        """
        result = np.empty((len(molecules), *width), dtype=np.float32)

        def run(chosen: NDArray[np.intp], start: int) -> None:
            padded = np.pad(chosen, (0, padded_rows(len(chosen)) - len(chosen)), mode="edge")
            tokens, lengths = pad([molecules[row] for row in padded])
            with torch.inference_mode(), autocast(self.weights.dtype, self.device):
                batch = function(tokens.to(self.device), lengths.to(self.device), start)
            result[chosen] = batch[: len(chosen)].float().cpu().numpy()

        self._in_batches(run, np.arange(len(molecules)) if keep_order else _by_length(molecules), ENCODE_ROWS)
        return result

    def _in_batches(self, run: Callable[[NDArray[np.intp], int], None], order: NDArray[np.intp], most: int) -> None:
        """Call `run(rows, place of the first)` for batches of up to `most` rows, taken in `order`, in threads."""
        threads = self._threads_for(len(order))
        size = max(1, min(most, -(-len(order) // threads)))
        starts = range(0, len(order), size)
        map_threads(lambda start: run(order[start : start + size], start), starts, threads=threads)

    def sequences(
        self,
        z: NDArray[np.float32],
        sampling: Sampling,
        *,
        seed: int = 0,
        rows: NDArray[np.int64] | None = None,
        prefixes: Sequence[Sequence[int]] | None = None,
    ) -> list[list[int]]:
        """Return the token sequence of each point of `z` (n, D), without specials; `rows` as in `generate`.

        A sequence begins with that of `prefixes`, if there are any.

        A sequence that did not end within `max_symbols` is empty: far from all molecules a decoder repeats itself for
        ever, and RDKit can take minutes over a ribbon of a hundred fused rings.
        """
        sequences = self.sequences_to_the_end(z, sampling, seed=seed, rows=rows, prefixes=prefixes)
        return [tokens if tokens is not None else [] for tokens in sequences]

    def sequences_to_the_end(
        self,
        z: NDArray[np.float32],
        sampling: Sampling,
        *,
        seed: int = 0,
        rows: NDArray[np.int64] | None = None,
        prefixes: Sequence[Sequence[int]] | None = None,
    ) -> list[list[int] | None]:
        """Return what `sequences` does, with None for a sequence that did not end."""
        begun = None if prefixes is None else pad_sequence([torch.tensor(row) for row in prefixes], batch_first=True)
        generated = generate(
            self.weights,
            torch.from_numpy(np.ascontiguousarray(z)),
            sampling=sampling,
            seed=seed,
            rows=rows,
            prefixes=begun,
            max_symbols=self.max_symbols,
            threads=self._threads_for(len(z)),
        )
        ended = generated.ended.tolist()
        return [tokens if end else None for tokens, end in zip(generated.sequences(), ended, strict=True)]

    def n_best(self, z: NDArray[np.float32], beams: int) -> Iterator[list[tuple[list[int], float]]]:
        """Yield the sequences of a beam search for each point, best first, with their log-probabilities in nats."""
        for start in range(0, len(z), BATCH_ROWS):
            found = beam_search(
                self.weights,
                torch.from_numpy(np.ascontiguousarray(z[start : start + BATCH_ROWS])),
                beams=beams,
                n_best=beams,
                max_symbols=self.max_symbols,
                threads=self._threads_for(len(z) * beams),
            )
            for rows, scores in zip(found.tokens.tolist(), found.log_prob.tolist(), strict=True):
                yield [
                    ([token for token in row if token != PAD_TOKEN], score)
                    for row, score in zip(rows, scores, strict=True)
                    if score > -np.inf
                ]

    def _threads_for(self, rows: int) -> int:
        if self.device.type != "cpu":
            return 1
        if self.threads is not None:
            return self.threads
        return 1 if rows < _ONE_THREAD_BELOW else resolve_threads(None)


def _by_length(molecules: Sequence[Sequence[int]]) -> NDArray[np.intp]:
    """Return the rows of molecules in the order of their lengths, so that batches need almost no padding."""
    return np.argsort([len(tokens) for tokens in molecules], kind="stable")


def checked_points(z: NDArray[np.floating], latent_dim: int) -> NDArray[np.float32]:
    """Return `z` as finite single-precision points (n, D).

    Raises:
        ValueError: another shape, or a row that is not finite.
    """
    points = checked_width(z, latent_dim)
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(f"z must be finite, but row {row} is not; the rows of refused molecules are NaN")
    return points


def checked_width(z: NDArray[np.floating], latent_dim: int) -> NDArray[np.float32]:
    """Return `z` as single-precision points (n, D), which may be NaN.

    Raises:
        ValueError: another shape.
    """
    points = np.asarray(z, dtype=np.float32)
    if points.ndim != 2 or points.shape[1] != latent_dim:
        raise ValueError(f"z must have shape (n, {latent_dim}), got {points.shape}")
    return points


def pad(molecules: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Return molecules as time-major tokens (T, B) with begin, end and padding, and lengths (B,) with begin and end.

    >>> tokens, lengths = pad([(3, 4), (5,)])
    >>> tokens.T.tolist(), lengths.tolist()
    ([[1, 3, 4, 2], [1, 5, 2, 0]], [4, 3])
    """
    sizes = np.array([len(tokens) for tokens in molecules])
    padded = np.full((len(molecules), sizes.max(initial=0) + 2), PAD_TOKEN, dtype=np.int64)
    positions = np.arange(padded.shape[1])
    padded[:, 0] = BOS_TOKEN
    padded[(positions >= 1) & (positions <= sizes[:, None])] = [token for tokens in molecules for token in tokens]
    padded[np.arange(len(sizes)), sizes + 1] = EOS_TOKEN
    return torch.from_numpy(np.ascontiguousarray(padded.T)), torch.from_numpy(sizes + 2)
