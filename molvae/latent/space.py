"""The latent space of a trained model: molecules to vectors, vectors to molecules, and what lies between."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from molvae.chem.molecule import mol_from_canonical
from molvae.chem.substructures import has_substructure
from molvae.chem.tables import html_table
from molvae.errors import DataError
from molvae.latent import directions, paths
from molvae.latent.coder import Molecules, Points
from molvae.latent.domain import SYMBOLS_KEY, domain_of, drawn, familiarity, learn_domain
from molvae.latent.files import FileReport, decode_file, encode_file
from molvae.latent.index import Match, Metric, VectorIndex, build_index, fitting_index
from molvae.latent.neighborhood import CURVE_MOLECULES, RadiusCurve, find_neighbors, measure_radius_curve, settled
from molvae.latent.pipeline import as_rows
from molvae.latent.results import Neighbors, Path, profile
from molvae.latent.sampler import MoleculeSampler
from molvae.tokens.bulk import encode_many

if TYPE_CHECKING:
    from molvae.chem.molecule import Mol

_CURVE_KEY = "neighbor_radius"  # in the metadata of a checkpoint


class LatentSpace(MoleculeSampler):
    """A trained model, ready to encode, decode, sample and search.

    Args:
        checkpoint: the model with its vocabulary, constraints, standardization and priors.
        device: "cpu", "cuda" or "auto".
        threads: of this process, for short inputs; None takes one for a few molecules and all cores for more.
        workers: processes for inputs of 10,000 rows and more, and for files, each with one thread; None takes all
            cores, 1 stays in this process. On a CPU results depend on neither; on a GPU products are rounded
            differently for other numbers of rows, and a seed gives the same molecules only to the same call.
        precision: "auto" (bf16 where the processor computes it fast), "fp32" or "bf16"; one for every input size.
    """

    def __repr__(self) -> str:
        size, device = len(self.checkpoint.vocabulary), self.pipeline.network.device
        return f"LatentSpace({self.latent_dim} dimensions, {size} symbols, prior {self.priors[0]!r}, on {device})"

    def _repr_html_(self) -> str:
        card = self.checkpoint.metadata.get("card")
        about = card.get("summary", "") if isinstance(card, dict) else ""
        rows = [
            ("dimensions", self.latent_dim),
            ("parameters", sum(parameter.numel() for parameter in self.checkpoint.vae.parameters())),
            ("SELFIES symbols", len(self.checkpoint.vocabulary)),
            ("priors, the default first", ", ".join(self.priors)),
            ("device", str(self.pipeline.network.device)),
            ("weights (SHA-256)", self.checkpoint.weights_sha256[:12]),
            ("about", about),
        ]
        return html_table(("", ""), [row for row in rows if row[1] != ""], caption="LatentSpace")

    def neighbors(
        self,
        smiles: str | Mol,
        n: int = 20,
        *,
        similarity: float = 0.6,
        keep: str | None = None,
        seed: int | None = None,
    ) -> Neighbors:
        """Return `n` distinct other molecules with a mean Tanimoto similarity to this one of about `similarity`.

        Posterior noise is scaled to the radii that lead to this similarity, measured once per model (`radius_curve`).
        Fewer come back where the model finds no more. With `keep`, a SMARTS pattern that the molecule holds, so does
        each of them; `kept` of the result is the share of the molecules found that did.

        Raises:
            MoleculeError: the molecule is refused.
            ConfigError: `keep` is no SMARTS pattern.
            ValueError: a similarity that is not between 0 and 1, or a molecule that does not hold `keep`.
        """
        if not 0 < similarity < 1:
            raise ValueError(f"similarity must be between 0 and 1, got {similarity}")
        query, rng = self._one(smiles), np.random.default_rng(seed)
        name = str(query.smiles[0])
        if keep is not None and not has_substructure(mol_from_canonical(name), keep):
            raise ValueError(f"keep must be a pattern that the molecule holds; {name} does not hold {keep}")
        return find_neighbors(self._decode, self.radius_curve, query, n=n, similarity=similarity, keep=keep, rng=rng)

    def interpolate(self, start: str | Mol, end: str | Mol, n: int = 8, *, method: paths.Method = "slerp") -> Path:
        """Return the molecules at `n` points from one molecule to another, both ends included.

        Raises:
            MoleculeError: an end is refused.
        """
        ends = self._one(start), self._one(end)
        z = paths.path(ends[0].mean[0], ends[1].mean[0], n, method=method)
        names = str(ends[0].smiles[0]), str(ends[1].smiles[0])
        return profile(np.linspace(0, 1, n), self._decode(z), *names)

    def attribute_direction(
        self, molecules: Molecules | Points, values: ArrayLike, *, method: directions.Method = "ridge"
    ) -> directions.Direction:
        """Return the latent direction along which `values` rise over molecules (SMILES, or points (n, D))."""
        z = molecules if isinstance(molecules, np.ndarray) and molecules.ndim == 2 else self.encode(molecules).mean
        return directions.attribute_direction(z, values, method=method)

    def traverse(
        self, smiles: str | Mol, direction: directions.Direction, steps: Sequence[float] = (-3, -2, -1, 0, 1, 2, 3)
    ) -> Path:
        """Return the molecules at `steps` along a direction from one molecule.

        A step of 1 is one standard deviation of the molecules that the direction was fitted to.
        """
        encoding = self._one(smiles)
        positions = np.asarray(steps, dtype=np.float32)
        z = encoding.mean + positions[:, None] * np.float32(direction.scale) * direction.vector
        return profile(positions, self._decode(z), str(encoding.smiles[0]), None)

    def domain(self, smiles: Molecules) -> NDArray[np.float64]:
        """Return how familiar each molecule is, above 0 and up to 1, shape (n,), NaN where refused.

        It is the share of held-out training molecules that look at least as strange to the model: below 0.05 a
        molecule is stranger than 95 % of them, and what the model says of it is a guess. See `molvae.model.Domain`.

        Raises:
            DataError: the model holds no domain; `learn_domain` makes one.
        """
        rows = as_rows(smiles)
        encoded = encode_many(self.pipeline.codec, rows, workers=self._workers_for(rows))
        return familiarity(domain_of(self.checkpoint), self.pipeline.network, list(encoded))

    def learn_domain(self, smiles: Molecules, *, seed: int = 0) -> Self:
        """Learn from molecules like those of the training set what is strange to the model; return this space.

        Of more than 10,000 so many are drawn at random; a fifth sets the scale. `save` keeps what was learned: at most
        4,096 points and 2,000 numbers, about 1 MB, so that `domain` needs no data.

        Raises:
            DataError: fewer than 20 different molecules are taken.
        """
        rows = drawn(as_rows(smiles), seed=seed)
        encoded = encode_many(self.pipeline.codec, rows, workers=self._workers_for(rows))
        domain, counts = learn_domain(self.checkpoint.vocabulary, self.pipeline.network, encoded, seed=seed)
        self.checkpoint = dataclasses.replace(self.checkpoint, domain=domain)
        self.checkpoint.metadata[SYMBOLS_KEY] = counts
        return self

    @property
    def radius_curve(self) -> RadiusCurve:
        """What steps of each radius lead to; measured at the first use, kept by `save`."""
        curve = RadiusCurve.from_json(self.checkpoint.metadata.get(_CURVE_KEY))
        if curve is None:
            samples = self.sample(2 * CURVE_MOLECULES, seed=0, prior=self.whole_prior)
            curve = measure_radius_curve(self._decode, settled(self.encode, self._decode, samples))
            self.checkpoint.metadata[_CURVE_KEY] = curve.as_json()
        return curve

    def calibrate(self) -> Self:
        """Measure the radius curve now, so that `save` keeps it and no later call waits for it; return this space."""
        _ = self.radius_curve
        return self

    def encode_file(self, source: FilePath | str, out: FilePath | str, **options: Any) -> FileReport:
        """Encode a file of molecules to a file of vectors, row for row; see `molvae.latent.files.encode_file`."""
        return encode_file(self, source, out, **options)

    def decode_file(self, source: FilePath | str, out: FilePath | str, **options: Any) -> FileReport:
        """Decode a file of vectors to a file of molecules, row for row; see `molvae.latent.files.decode_file`."""
        return decode_file(self, source, out, **options)

    def index(
        self,
        source: FilePath | str,
        folder: FilePath | str | None = None,
        *,
        metric: Metric = "l2",
        rebuild: bool = False,
        progress: Callable[[int], None] = lambda rows: None,
    ) -> VectorIndex:
        """Return the index of a file of vectors that `encode_file` wrote, for `nearest`.

        It is built at the first use, in a folder beside the file (`library.npz.index`) or in `folder`, and built again
        when the file or the metric has changed.

        Raises:
            DataError: no such file, vectors of another width, or a folder that holds something else.
            MissingExtraError: without usearch.
        """
        source = FilePath(source)
        place = source.with_name(f"{source.name}.index") if folder is None else FilePath(folder)
        index = None if rebuild else fitting_index(place, source, metric)
        if index is None:
            threads = self.pipeline.network.threads
            index = build_index(source, place, metric=metric, threads=threads, progress=progress)
        if index.card["dimensions"] != self.latent_dim:
            raise DataError(f"{source} holds vectors of another model, with {index.card['dimensions']} dimensions")
        return index

    def nearest(self, smiles: Molecules, index: VectorIndex, n: int = 10, *, exact: bool = False) -> list[list[Match]]:
        """Return the `n` rows of an index nearest to each molecule, row-aligned; none for a refused molecule."""
        encoding = self.encode(smiles)
        found = iter(index.search(encoding.mean[encoding.ok], n, exact=exact) if encoding.ok.any() else ())
        return [next(found) if ok else [] for ok in encoding.ok]
