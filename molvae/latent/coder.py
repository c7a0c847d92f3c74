"""A trained model at work: molecules to vectors, and vectors to molecules."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from molvae.errors import CheckpointError, MoleculeError
from molvae.latent.frames import index_of
from molvae.latent.likelihood import elbo, importance_weighted_bound
from molvae.latent.network import Network, checked_points
from molvae.latent.pipeline import POOL_FROM, Pipeline, as_rows, distinct_molecules
from molvae.latent.results import Candidate, Encoding, Reconstruction, Row
from molvae.latent.sampling import fresh_seed
from molvae.latent.states import summed_states
from molvae.latent.workers import SharedModel
from molvae.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from molvae.model.generation import GREEDY, Sampling
from molvae.model.precision import Precision
from molvae.tokens.bulk import Keep
from molvae.tokens.codec import MoleculeCodec

if TYPE_CHECKING:
    from molvae.chem.molecule import Mol

SHIPPED_MODEL = FilePath(__file__).parents[1] / "pretrained"

Molecules = str | Iterable[object]  # one SMILES, or many
Points = NDArray[np.floating]  # (n, D)


class MoleculeCoder:
    """A trained model, ready to encode and decode. The arguments are those of `LatentSpace`."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: str = "cpu",
        threads: int | None = None,
        workers: int | None = None,
        precision: Precision = "auto",
    ) -> None:
        self.checkpoint = checkpoint
        codec = MoleculeCodec(checkpoint.vocabulary, checkpoint.constraints, checkpoint.standardization)
        max_symbols = checkpoint.standardization.max_symbols
        longest = checkpoint.metadata.get("longest_molecule")  # in symbols, of the training set
        if isinstance(longest, int) and longest > 0:
            max_symbols = min(max_symbols, 2 * longest)  # what has not ended by then never does
        network = Network.of(
            checkpoint.vae, device=device, precision=precision, threads=threads, max_symbols=max_symbols
        )
        self.pipeline = Pipeline(codec, network, workers, SharedModel(checkpoint))

    @classmethod
    def load(
        cls,
        folder: FilePath | str | None = None,
        *,
        device: str = "cpu",
        threads: int | None = None,
        workers: int | None = None,
        precision: Precision = "auto",
    ) -> Self:
        """Return the latent space of a model folder or a training run; None takes the model inside the package.

        Raises:
            CheckpointError: no model there, or a damaged one.
        """
        folder = folder if folder is not None else SHIPPED_MODEL
        if folder == SHIPPED_MODEL and not SHIPPED_MODEL.exists():
            raise CheckpointError("this molvae holds no trained model; name a folder that `molvae train` wrote")
        space = cls(load_checkpoint(folder), device=device, threads=threads, workers=workers, precision=precision)
        try:
            space.pipeline.codec.check()
        except ValueError as err:
            raise CheckpointError(f"{folder}: {err}") from err
        return space

    @property
    def latent_dim(self) -> int:
        """D, the length of a latent vector."""
        return self.checkpoint.vae.latent_dim

    def encode(self, smiles: Molecules, *, refine: bool = False) -> Encoding:
        """Return q(z | x) of each molecule: mean and log-variance (n, D), row-aligned, with a status per row.

        A refused molecule keeps its row, with NaN and the reason. A pandas Series passes its index on to
        `Encoding.to_frame`.

        Args:
            smiles: one molecule or many, as SMILES or RDKit molecules.
            refine: move each mean, usually by less than a standard deviation, to where `decode` gives the molecule
                back; a mean that does so already, or that is not found, stays. Five to ten times the work.
        """
        rows = as_rows(smiles)
        encodings = self.pipeline.encode(rows, many=len(rows) >= POOL_FROM, refine=refine)
        encoding = Encoding.joined(list(encodings), self.latent_dim)
        return dataclasses.replace(encoding, frame_index=index_of(smiles))

    def decode(
        self,
        z: Points,
        *,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> list[str | None]:
        """Return the canonical SMILES of each point of `z` (n, D), None where it decodes to none.

        That is a point whose symbols derive to no atoms, do not end, or make a molecule of more atoms or rings than the
        standardization of the model takes.

        Temperature 0 takes the most likely symbol at each step; above, symbols are drawn, among the `top_k` most
        likely or those that hold the probability `top_p`, the same for a seed whatever the number of rows.

        Raises:
            ValueError: `z` has another width, or a row that is not finite.
        """
        sampling = Sampling(temperature, top_k, top_p)
        seed = fresh_seed() if seed is None else seed
        return self._decode(checked_points(z, self.latent_dim), sampling=sampling, seed=seed)

    def decode_n_best(self, z: Points, n: int = 5, *, beams: int | None = None) -> list[list[Candidate]]:
        """Return up to `n` distinct molecules for each point, the most likely first, found by beam search.

        `beams` sequences are kept at each step, 2·n by default, because several can give one molecule.
        """
        beams = beams if beams is not None else 2 * n
        found = self.pipeline.network.n_best(checked_points(z, self.latent_dim), beams)
        return [distinct_molecules(self.pipeline.codec, sequences)[:n] for sequences in found]

    def reconstruct(self, smiles: Molecules, *, refine: bool = False) -> Reconstruction:
        """Return each molecule beside what its posterior mean decodes to; `refine` as in `encode`."""
        encoding = self.encode(smiles, refine=refine)
        decoded = iter(self._decode(encoding.mean[encoding.ok]))
        rows = zip(encoding.smiles, encoding.ok, encoding.status, strict=True)
        found = tuple(Row(x, next(decoded) if ok else None, status) for x, ok, status in rows)
        return Reconstruction(found, encoding.frame_index)

    def encoder_states(self, smiles: Molecules) -> NDArray[np.float32]:
        """Return the states of the encoder, summed over each molecule, (n, 2H); NaN where refused.

        Richer features than z for a model of a property, and not decodable.
        """
        return summed_states(self.pipeline.codec, self.pipeline.network, as_rows(smiles))

    def elbo(self, smiles: Molecules, *, seed: int = 0) -> NDArray[np.float32]:
        """Return a one-sample estimate of the ELBO, a lower bound of log p(x), in nats (n,); NaN where refused."""
        return elbo(self.pipeline.codec, self.pipeline.network, as_rows(smiles), seed=seed)

    def importance_weighted_bound(self, smiles: Molecules, *, samples: int = 16, seed: int = 0) -> NDArray[np.float32]:
        """Return a bound of log p(x) in nats (n,), tighter with more `samples` (Burda et al.); NaN where refused."""
        return importance_weighted_bound(
            self.pipeline.codec, self.pipeline.network, as_rows(smiles), samples=samples, seed=seed
        )

    def save(self, folder: FilePath | str) -> None:
        """Write the model with its fitted priors and measured radius curve to a folder that `load` reads."""
        save_checkpoint(folder, self.checkpoint)

    def save_pretrained(self, save_directory: FilePath | str) -> None:
        """Do what `save` does, under the name that Hugging Face libraries use."""
        self.save(save_directory)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: FilePath | str, **settings: Any) -> Self:
        """Do what `load` does, under the name that Hugging Face libraries use; a folder, nothing is downloaded."""
        return cls.load(pretrained_model_name_or_path, **settings)

    def _decode(
        self,
        z: NDArray[np.float32],
        first_row: int = 0,
        *,
        sampling: Sampling = GREEDY,
        seed: int = 0,
        keep: Keep | None = None,
    ) -> list[str | None]:
        many, numbers = len(z) >= POOL_FROM, range(first_row, first_row + len(z))
        decoded = self.pipeline.decode([z], many=many, sampling=sampling, seed=seed, numbers=numbers, keep=keep)
        return [smiles if isinstance(smiles, str) else None for smiles in decoded]

    def _workers_for(self, rows: Sequence[object]) -> int | None:
        return self.pipeline.workers if len(rows) >= POOL_FROM else 1

    def _one(self, smiles: str | Mol) -> Encoding:
        encoding = self.encode([smiles], refine=True)  # what is done to a molecule begins at the molecule
        if not encoding.ok[0]:
            raise MoleculeError(encoding.status[0], encoding.detail[0])
        return encoding
