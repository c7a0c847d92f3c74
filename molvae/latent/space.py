"""The latent space of a trained model: molecules to vectors, vectors to molecules, and what lies between."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from molvae.chem.growth import Scaffold
from molvae.chem.molecule import mol_from_canonical
from molvae.chem.substructures import has_substructure
from molvae.chem.tables import html_table
from molvae.errors import CheckpointError, DataError, MoleculeError
from molvae.latent import directions, paths
from molvae.latent.conditional import ConditionalSamples, Range, Search, Wishes, Write
from molvae.latent.domain import SYMBOLS_KEY, domain_of, drawn, familiarity, learn_domain
from molvae.latent.files import FileReport, decode_file, encode_file
from molvae.latent.frames import index_of
from molvae.latent.index import Match, Metric, VectorIndex, build_index, fitting_index
from molvae.latent.likelihood import elbo, importance_weighted_bound, surprise
from molvae.latent.neighborhood import CURVE_MOLECULES, RadiusCurve, find_neighbors, measure_radius_curve, settled
from molvae.latent.network import Network, checked_points
from molvae.latent.pipeline import POOL_FROM, Pipeline, as_rows, distinct_molecules
from molvae.latent.prior_fitting import fit_null_latent
from molvae.latent.results import Candidate, Encoding, Neighbors, Path, Reconstruction, Row, profile
from molvae.latent.sampling import draw, fresh_seed, sample_molecules, symbol_seed
from molvae.latent.scaffold_growth import ScaffoldWriter
from molvae.latent.selection import Selector, learn_selection
from molvae.latent.states import summed_states
from molvae.latent.workers import SharedModel
from molvae.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from molvae.model.generation import GREEDY, Sampling
from molvae.model.null_latent import NullLatent
from molvae.model.precision import Precision
from molvae.model.priors import WHOLE, FullGaussian, LatentPrior
from molvae.model.selection import Selection
from molvae.tokens.bulk import Keep, encode_many
from molvae.tokens.codec import EncodedMolecule, MoleculeCodec

if TYPE_CHECKING:
    from molvae.chem.molecule import Mol

SHIPPED_MODEL = FilePath(__file__).parents[1] / "pretrained"
_CURVE_KEY = "neighbor_radius"  # in the metadata of a checkpoint

Molecules = str | Iterable[object]  # one SMILES, or many
Points = NDArray[np.floating]  # (n, D)


class LatentSpace:
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
    ) -> LatentSpace:
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

    @property
    def priors(self) -> tuple[str, ...]:
        """Names that `sample` takes as `prior`, the default first."""
        return tuple(dict.fromkeys((self.checkpoint.default_prior, *self.checkpoint.priors)))

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

    def sample_latent(self, n: int, *, seed: int | None = None, prior: str | LatentPrior | None = None) -> Points:
        """Draw `n` points (n, D) from a prior; a longer draw of a seed begins with a shorter one.

        A prior that writes molecules without z, such as that of the training set, has no points of its own: here they
        are drawn from the posteriors of molecules that it writes.
        """
        seed, chosen = fresh_seed() if seed is None else seed, self.prior(prior)
        if chosen.temperature == 0:
            return draw(chosen, n, seed=seed)
        drawn = n
        while True:
            encoding = self.encode(self.sample(drawn, seed=seed, prior=chosen))
            encoding = encoding[encoding.ok]
            if len(encoding) >= n:
                return encoding[np.arange(n)].sample(seed=symbol_seed(seed))
            drawn += 2 * (n - len(encoding))

    def sample(
        self,
        n: int,
        *,
        seed: int | None = None,
        prior: str | LatentPrior | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        select: bool = True,
        unique: bool = False,
        novel_to: Container[str] = (),
        scaffold: str | None = None,
        conditions: Mapping[str, Range] | None = None,
        progress: Callable[[int], None] = lambda molecules: None,
    ) -> list[str]:
        """Return `n` new molecules as canonical SMILES, drawn from the latent prior and decoded.

        With `scaffold` or `conditions` they are distinct and verified to meet them: `sample_conditional` says how, and
        how often the model succeeded.

        `temperature` None takes that of the prior: 0 where a point of it means one molecule, about 1 for the
        unconditional mode of a model, whose point says nothing, so that the symbols are drawn. Of what is written in
        that mode, a prior may keep only a part, so that samples are distributed as real molecules are
        (`fit_selection`); with `select=False`, or with wishes, all of it comes, several times as fast.

        Empty decodes are drawn again, and so are repeated molecules if `unique`, and those in `novel_to`, canonical
        SMILES such as the training set. A longer sample of a seed begins with a shorter one. `progress` is called with
        numbers of molecules as they are found.

        Raises:
            ValueError: an unknown prior, or 50·n + 10,000 draws that did not give `n` such molecules.
        """
        seed = fresh_seed() if seed is None else seed
        if scaffold is not None or conditions:
            how: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "novel_to": novel_to}
            return self.sample_conditional(
                n, scaffold=scaffold, conditions=conditions, seed=seed, prior=prior, progress=progress, **how
            ).complete()
        chosen = self.prior(prior)
        sampling = Sampling(chosen.temperature if temperature is None else temperature, top_k, top_p)
        keep = None
        # At temperature 0 a null latent writes one molecule, and there is nothing to choose among.
        if select and sampling.temperature > 0 and isinstance(chosen, NullLatent) and chosen.selection is not None:
            keep = Selector(self.pipeline.codec, chosen.selection, seed)
        decode = partial(self._decode, sampling=sampling, seed=symbol_seed(seed), keep=keep)
        found = []
        for smiles in sample_molecules(chosen, decode, n, seed=seed, unique=unique, known=novel_to):
            found.append(smiles)
            progress(1)
        return found

    def sample_conditional(
        self,
        n: int,
        *,
        scaffold: str | None = None,
        conditions: Mapping[str, Range] | None = None,
        seed: int | None = None,
        prior: str | LatentPrior | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        novel_to: Container[str] = (),
        limit: int | None = None,
        progress: Callable[[int], None] = lambda molecules: None,
    ) -> ConditionalSamples:
        """Return up to `n` distinct molecules that RDKit has verified to meet every wish, with the success rate.

        The model proposes up to `limit` molecules, 20·n + 10,000 by default. A longer sample of a seed begins with a
        shorter one.

        Args:
            n: how many molecules.
            scaffold: SMILES that each molecule holds as a substructure. With attachment points, as in `*c1ccc(*)cc1`,
                molecules grow at each of them and nowhere else; without, anywhere.
            conditions: ranges of descriptors (see `molvae.chem.Descriptors`), both ends allowed, None for no limit:
                `{"logp": (1, 3), "qed": (0.7, None)}`.
            seed: of all that is drawn.
            prior: from which the model writes; with `scaffold` it must be one that writes molecules without z.
            temperature: of the symbols; None takes that of the prior.
            top_k: draw among so many most likely symbols.
            top_p: draw among the most likely symbols that hold this probability.
            novel_to: canonical SMILES that are left out.
            limit: how many molecules may be proposed.
            progress: called with the number of molecules found since its last call.

        Raises:
            MoleculeError: the scaffold is refused.
            ConfigError: an attachment point that is none, or no descriptor of this name.
            ValueError: an unknown prior, one that cannot write around a scaffold, or a range that is none.
        """
        seed, chosen = fresh_seed() if seed is None else seed, self.prior(prior)
        sampling = Sampling(chosen.temperature if temperature is None else temperature, top_k, top_p)
        codec, network = self.pipeline.codec, self.pipeline.network
        part = None if scaffold is None else Scaffold(scaffold, codec.standardization)
        wishes = Wishes(part, conditions or {})

        def write_freely(count: int, first: int) -> Sequence[str | None]:
            z = draw(chosen, count, seed=seed, first_row=first)
            return self._decode(z, first, sampling=sampling, seed=symbol_seed(seed))

        write: Write = write_freely
        if part is not None:
            if not isinstance(chosen, NullLatent):
                writers = [name for name in self.priors if isinstance(self.prior(name), NullLatent)]
                raise ValueError(
                    f"only a prior that writes molecules without z can write around a scaffold: {', '.join(writers)}"
                    if writers
                    else "this model was trained without null latents (null_share) and cannot write around a scaffold"
                )
            write = ScaffoldWriter(codec, network, chosen, part, sampling, seed)
        judge = partial(surprise, codec, network, chosen) if isinstance(chosen, NullLatent) else None
        rng = np.random.default_rng((seed, 2))
        search = Search(wishes, write, self.encode, self._decode, rng, known=novel_to, surprise=judge)
        return search.run(n, limit, progress)

    def sample_posterior(
        self, smiles: str | Mol, n: int, *, seed: int | None = None, scale: float = 1.0
    ) -> list[str | None]:
        """Return what `n` points drawn from q(z | x) of one molecule decode to; `scale` multiplies its σ."""
        encoding = self._one(smiles)
        return self._decode(encoding[np.zeros(n, dtype=np.intp)].sample(seed=seed, scale=scale))

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

    def fit_prior(
        self,
        smiles: Molecules,
        *,
        name: str = "fitted",
        method: Literal["unconditional", "gaussian"] | None = None,
        seed: int = 0,
    ) -> LatentPrior:
        """Learn a prior from molecules, for more like these, and keep it as prior `name`. `save` stores it.

        "unconditional" learns the null latent from which the decoder writes such molecules, and which of those it
        writes to keep (`fit_selection`), within one or two minutes;
        "gaussian" takes the mean and covariance of their aggregate posterior. None takes the first where the model
        was trained to write without z, else the second.

        Raises:
            ValueError: fewer than two molecules were taken, or "unconditional" for a model that cannot.
        """
        known = [prior.points for prior in self.checkpoint.priors.values() if isinstance(prior, NullLatent)]
        if method == "unconditional" and not known:
            raise ValueError("method must be 'gaussian': this model was trained without null latents (null_share)")
        prior: LatentPrior
        if method == "unconditional" or (method is None and known):
            given = as_rows(smiles)
            rows = encode_many(self.pipeline.codec, given, workers=self._workers_for(given))
            taken = [row for row in rows if isinstance(row, EncodedMolecule)]
            _require_two(len(taken))
            molecules = [row.tokens for row in taken]
            temperature = self.prior().temperature or 1.0  # 0 where the model's own prior is a density over z
            prior = fit_null_latent(
                self.pipeline.network, molecules, starts=torch.cat(known), temperature=temperature, seed=seed
            )
            prior = prior.selecting(learn_selection(self.pipeline, prior, [row.smiles for row in taken], seed=seed))
        else:
            encoding = self.encode(smiles)
            encoding = encoding[encoding.ok]
            _require_two(len(encoding))
            prior = FullGaussian.fit(torch.from_numpy(encoding.mean), torch.from_numpy(encoding.log_var))
        self.checkpoint.priors[name] = prior
        return prior

    def fit_selection(self, smiles: Molecules, *, prior: str | None = None, seed: int = 0) -> Selection | None:
        """Learn from real molecules which of those that a prior writes are kept, and keep that with the prior.

        The molecules should be drawn as those were that the prior is for. 8,000 to 100,000 molecules are written to
        compare with them. None, and no selection, where less than a twentieth of these are the strings of their own
        molecules: such a model is not trained enough.

        Raises:
            ValueError: an unknown prior, or one that does not write without z; or no molecule was taken.
        """
        name = self.checkpoint.default_prior if prior is None else prior
        chosen = self.prior(name)
        if not isinstance(chosen, NullLatent):
            raise ValueError(f"prior {name!r} does not write molecules without z: each of its points means one")
        rows = encode_many(self.pipeline.codec, given := as_rows(smiles), workers=self._workers_for(given))
        real = [row.smiles for row in rows if isinstance(row, EncodedMolecule)]
        if not real:
            raise ValueError(f"a selection needs real molecules, got {len(given)} of which the model took none")
        selection = learn_selection(self.pipeline, chosen, real, seed=seed)
        self.checkpoint.priors[name] = chosen.selecting(selection)
        return selection

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

    def learn_domain(self, smiles: Molecules, *, seed: int = 0) -> LatentSpace:
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

    def calibrate(self) -> LatentSpace:
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

    def save(self, folder: FilePath | str) -> None:
        """Write the model with its fitted priors and measured radius curve to a folder that `load` reads."""
        save_checkpoint(folder, self.checkpoint)

    def save_pretrained(self, save_directory: FilePath | str) -> None:
        """Do what `save` does, under the name that Hugging Face libraries use."""
        self.save(save_directory)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: FilePath | str, **settings: Any) -> LatentSpace:
        """Do what `load` does, under the name that Hugging Face libraries use; a folder, nothing is downloaded."""
        return cls.load(pretrained_model_name_or_path, **settings)

    @property
    def whole_prior(self) -> str:
        """The name of the prior of all molecules that the model was trained on; the default one where there is none."""
        return WHOLE if WHOLE in self.checkpoint.priors else self.checkpoint.default_prior

    def prior(self, prior: str | LatentPrior | None = None) -> LatentPrior:
        """Return the prior of a name in `priors`; None is the model's default.

        Raises:
            ValueError: an unknown name.
        """
        if prior is None:
            prior = self.checkpoint.default_prior
        if not isinstance(prior, str):
            return prior
        if prior not in self.checkpoint.priors:
            near = difflib.get_close_matches(prior, self.priors, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"prior must be one of {', '.join(self.priors)}, got {prior!r}{hint}")
        return self.checkpoint.priors[prior]

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


def _require_two(count: int) -> None:
    if count < 2:
        raise ValueError(f"a prior needs at least 2 molecules, got {count} that the model can take")
