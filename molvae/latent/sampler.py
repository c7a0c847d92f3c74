"""New molecules of a trained model: its priors, and what is written and drawn from them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from molvae.chem.growth import Scaffold
from molvae.latent.coder import MoleculeCoder, Molecules, Points
from molvae.latent.conditional import ConditionalSamples, Range, Search, Wishes, Write
from molvae.latent.likelihood import surprise
from molvae.latent.pipeline import as_rows
from molvae.latent.prior_fitting import fit_null_latent
from molvae.latent.sampling import draw, fresh_seed, sample_molecules, symbol_seed
from molvae.latent.scaffold_growth import ScaffoldWriter
from molvae.latent.selection import Selector, learn_selection
from molvae.model.generation import Sampling
from molvae.model.null_latent import NullLatent
from molvae.model.priors import WHOLE, FullGaussian, LatentPrior
from molvae.model.selection import Selection
from molvae.tokens.bulk import encode_many
from molvae.tokens.codec import EncodedMolecule

if TYPE_CHECKING:
    from molvae.chem.molecule import Mol


class MoleculeSampler(MoleculeCoder):
    """A trained model that also writes new molecules."""

    @property
    def priors(self) -> tuple[str, ...]:
        """Names that `sample` takes as `prior`, the default first."""
        return tuple(dict.fromkeys((self.checkpoint.default_prior, *self.checkpoint.priors)))

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


def _require_two(count: int) -> None:
    if count < 2:
        raise ValueError(f"a prior needs at least 2 molecules, got {count} that the model can take")
