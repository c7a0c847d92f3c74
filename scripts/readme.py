"""Write what the README shows of the shipped model: the table of its figures, out of its card, and the picture.

    python scripts/readme.py             # after the model was replaced
    python scripts/readme.py --check     # say whether the table is that of the model; the tests do

Published figures of other models stand beside those of molvae: JT-VAE for reconstruction (Jin et al.,
arXiv:1802.04364) and the table of MOSES for samples (Polykovskiy et al., arXiv:1811.12823), in which the VAE is one
whose latent space has collapsed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import molvae

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PICTURE = ROOT / "scripts" / "docs" / "neighbors.png"
BEGIN, END = "<!-- table of the model: python scripts/readme.py -->", "<!-- end of the table -->"
ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"

# What the card calls a set, what it is, and what was published for it.
RECONSTRUCTION = {
    "moses-test": ("MOSES test", ""),
    "zinc250k_test_5000.smi": ("ZINC250k, the 5,000 test molecules of JT-VAE", "JT-VAE 76.7 %"),
    "chembl_test.smi": ("ChEMBL-like, held out", ""),
    "nci_test.smi": ("NCI, held out", ""),
}
SAMPLES = {
    "FCD/Test": ("FCD against MOSES test", "VAE 0.099, CharRNN 0.073, JTN-VAE 0.395"),
    "FCD/Test floor": ("FCD of as many real molecules", ""),
    "unique@10000": ("unique", "VAE 99.8 %, CharRNN 99.9 %, JTN-VAE 99.96 %"),
    "Novelty": ("novel", "VAE 69.5 %, CharRNN 84.2 %, JTN-VAE 91.4 %"),
    "Filters": ("pass the filters of MOSES", "VAE 99.7 %, CharRNN 99.4 %, JTN-VAE 97.6 %"),
    "SNN/Test": ("similarity to the nearest of MOSES test", "VAE 0.626, CharRNN 0.601, JTN-VAE 0.548"),
    "IntDiv": ("internal diversity", "VAE 0.856, CharRNN 0.856, JTN-VAE 0.855"),
}
SHARES = {"unique@10000", "Novelty", "Filters"}
REFINED = "reconstruction from refined points, "


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures of a card as a table of Markdown, each with its denominator."""
    lines = ["| The same weights for all | molvae | of | published |", "|---|---|---|---|"]
    for source, (name, published) in RECONSTRUCTION.items():
        for prefix, how in (("reconstruction, ", ""), (REFINED, ", encoded with `refine`")):
            found = figures.get(prefix + source)
            if found:
                exact = found["exact"]
                lines.append(_row(f"exact reconstruction{how}: {name}", _percent(exact), exact["of"], published))
    for key in ("moses", "normal"):
        found = figures.get(f"generation, prior {key}, against MOSES", {}).get("moses", {})
        lines += list(_sample_rows(key, found))
    return "\n".join(lines)


def _sample_rows(prior: str, found: Mapping[str, Any]) -> Iterator[str]:
    for key, (name, published) in SAMPLES.items():
        if key in found and (prior != "normal" or key != "FCD/Test floor"):
            figure = found[key]
            value = _percent(figure) if key in SHARES else f"{figure['value']:.3g}"
            beside = published if prior != "normal" else ""
            yield _row(f"samples of the prior `{prior}`: {name}", value, figure["of"], beside)


def _percent(figure: Mapping[str, float]) -> str:
    share = 100 * figure["value"]
    return f"{share:.1f} %" if share in (0, 100) or 0.05 <= share < 99.95 else f"{share:.2f} %"


def _row(name: str, value: str, of: float, published: str) -> str:
    return f"| {name} | {value} | {of:,.0f} | {published} |"


def with_table(text: str, figures: Mapping[str, Any]) -> str:
    """Return a README with the table of these figures between its two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or not after:
        raise SystemExit(f"README.md lacks the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{table(figures)}\n\n{END}{after}"


def draw() -> None:
    """Draw neighbours of aspirin, as the README says that they were found."""
    from matplotlib.figure import Figure

    from molvae.datasets import atomic_path
    from molvae.plots import neighbor_grid

    found = molvae.load().neighbors(ASPIRIN, n=7, similarity=0.6, seed=0)
    figure = neighbor_grid(found, per_row=4).figure
    assert isinstance(figure, Figure)
    with atomic_path(PICTURE) as temporary:
        figure.savefig(temporary, dpi=110, bbox_inches="tight", metadata={"Software": None})


def main() -> None:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the table is another one")
    options = parser.parse_args()
    card = molvae.load().checkpoint.metadata.get("card", {})
    text = README.read_text(encoding="utf-8")
    wanted = with_table(text, card.get("figures", {}))
    if options.check:
        sys.exit(0 if wanted == text else "README.md shows figures of another model: python scripts/readme.py")
    README.write_text(wanted, encoding="utf-8")
    draw()
    print(f"{README.name} and {PICTURE.relative_to(ROOT)} written")


if __name__ == "__main__":
    main()
