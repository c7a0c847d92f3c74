"""Named data sets: where they are, what is in them, under which licence, and how to read them."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from molvae.datasets.downloads import copy_from_archive, data_folder, download, fetch_from_wheel
from molvae.datasets.files import file_sha256
from molvae.datasets.readers import Source, read_rows
from molvae.datasets.rows import Row
from molvae.errors import DataError

Locator = Callable[[str, Path | None], Source]  # split, file given by the user

_MOSES_WHEEL = "molsets==0.3.1"
_MOSES_WHEEL_SHA256 = "7f4450e3ebecebe79c3a2a55950c93daddee071120daf64a163d03481e811d34"
_MOSES_SHA256 = {  # below moses/ in the wheel; the cache keeps each under its last name
    "dataset/data/train.csv.gz": "786f0313aa6b9ba5514df685f885742a70ea8d86f1a4fa48115f7f80a634265c",
    "dataset/data/test.csv.gz": "f896fbf3764f88d94670b9959e5872c600c12152a18233823e820761b7a791b2",
    "dataset/data/test_scaffolds.csv.gz": "adffb2192c1bfe31ab0e13154d4af19a37dc18bdbf3cd7b4491e04405128adde",
    "dataset/data/test_stats.npz": "ded25073225a895d4ed17bf1d4223d27560e87ff4cb85786346ca1cc8efa03d3",
    "dataset/data/test_scaffolds_stats.npz": "7b7aba6c1474634a019bebf16f389d554cb9dd1021dfc8c1d1e54430a9f0e7f8",
    "metrics/mcf.csv": "f4a2bfacb4cb8877295eb2a4b4e61ec9770a26388f1331e5dc9c193d22dd5f89",
    "metrics/wehi_pains.csv": "d762e5420ec70f06d7e41d336cae6f67e2feb0eddf05c6171192a332726d296f",
}
# the commit that added the file, so that the address means the same bytes for ever
_ZINC_URL = (
    "https://raw.githubusercontent.com/aspuru-guzik-group/chemical_vae/37b9f96470d4471c0593cffefa448e0a8a184ef6/"
    "models/zinc_properties/250k_rndm_zinc_drugs_clean_3.csv"
)
_ZINC_SHA256 = "35e3f1a52b1badc0697e373d73a18ad773f415936ff992f4c6baa2e067b3e6ae"
_ZINC_BYTES = 22_606_589


@dataclass(frozen=True)
class NamedDataset:
    """One data set of the catalog."""

    name: str
    description: str
    licence: str
    reference: str
    splits: Mapping[str, int]  # rows of each split, the default first
    locate: Locator = field(repr=False)
    needs_network: bool = False

    @property
    def molecules(self) -> int:
        """The number of rows of the default split."""
        return next(iter(self.splits.values()))

    @property
    def is_available(self) -> bool:
        """Whether it can be read without the network, now, on this machine."""
        if not self.needs_network:
            try:
                self.source()
            except (DataError, ImportError):
                return False
            return True
        return any(path.is_file() for path in _cached_files(self.name))

    def source(self, split: str | None = None, *, file: Path | str | None = None) -> Source:
        """Return the file of a split, fetched if it is not here yet; `file` is the user's own copy of it.

        Raises:
            DataError: no such split, the file cannot be had, or it is not the file expected.
            MissingExtraError: a download needs pooch.
        """
        split = next(iter(self.splits)) if split is None else split
        if split not in self.splits:
            raise DataError(f"{self.name} has no split {split!r}, only {', '.join(self.splits)}")
        return dataclasses.replace(self.locate(split, None if file is None else Path(file)), label=self.name)

    def rows(self, split: str | None = None, *, file: Path | str | None = None) -> Iterator[Row]:
        """Yield the rows of a split; for `chembl2321810` with the measured `pactivity` among the fields.

        Raises:
            DataError: see `source` and `read_rows`.
        """
        rows = self.source(split, file=file).rows()
        return _with_activity(rows) if self.name == "chembl2321810" and file is None else rows


def list_datasets() -> tuple[NamedDataset, ...]:
    """Return the named data sets, the embedded default first.

    >>> [entry.name for entry in list_datasets()]
    ['wehi10k', 'nci', 'chembl2321810', 'moses', 'zinc250k']
    """
    return _CATALOG


def dataset(name: str) -> NamedDataset:
    """Return the data set called `name`.

    Raises:
        DataError: there is none; the message names those there are.

    >>> dataset("wehi10k").molecules
    10000
    """
    for entry in _CATALOG:
        if entry.name == name:
            return entry
    names = [entry.name for entry in _CATALOG]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    raise DataError(f"there is no data set {name!r}; {hint}")


def _cached_files(name: str) -> tuple[Path, ...]:
    folder = data_folder() / name
    return (folder / "train.csv.gz",) if name == "moses" else (folder / "zinc250k.csv",)


def _embedded(file: str, **settings: str | bool) -> Locator:
    def locate(split: str, given: Path | None) -> Source:
        from molvae.chem.embedded import embedded_path  # late: it asks RDKit where its files are

        return Source(given or embedded_path(file), **settings)  # type: ignore[arg-type]

    return locate


def _moses(split: str, given: Path | None) -> Source:
    if given is not None and given.suffix.lower() not in (".whl", ".zip"):
        return Source(given)
    return Source(moses_file(f"{split}.csv.gz", archive=given))


def moses_file(name: str, *, archive: Path | None = None, fetch: bool = True) -> Path:
    """Return the cached copy of a file of the MOSES wheel, such as its filters `mcf.csv`; all are fetched at once.

    Args:
        name: the last part of the file's path in the wheel.
        archive: the user's own copy of the wheel, in place of a download.
        fetch: whether it may be downloaded.

    Raises:
        DataError: see `copy_from_archive` and `download_wheel`, or it is not here and may not be downloaded.
        KeyError: a file that molvae does not read.
    """
    folder = data_folder() / "moses"
    sums = {Path(member).name: sha256 for member, sha256 in _MOSES_SHA256.items()}
    path = folder / name
    if archive is None and path.is_file() and file_sha256(path) == sums[name]:
        return path
    members = {f"moses/{member}": folder / Path(member).name for member in _MOSES_SHA256}
    sha256 = {f"moses/{member}": value for member, value in _MOSES_SHA256.items()}
    if archive is not None:
        copy_from_archive(archive, members, sha256)
    elif not fetch:
        raise DataError(f"{name} of MOSES is not here; fetch it with: molvae data prepare moses")
    else:
        fetch_from_wheel(_MOSES_WHEEL, wheel_sha256=_MOSES_WHEEL_SHA256, members=members, sha256=sha256)
    return path


def _zinc250k(split: str, given: Path | None) -> Source:
    if given is not None:
        return Source(given)
    path = data_folder() / "zinc250k" / "zinc250k.csv"
    return Source(download(_ZINC_URL, path, sha256=_ZINC_SHA256, max_bytes=_ZINC_BYTES))


def _with_activity(rows: Iterator[Row]) -> Iterator[Row]:
    from molvae.chem.embedded import embedded_path

    table = read_rows(
        embedded_path("CHEMBL2321810_act.csv"), smiles_column="Name", name_column="Name"
    )  # a table by name
    activity = {row.name: row.fields["Act"] for row in table}
    for row in rows:
        yield Row(row.number, row.smiles, row.name, {"pactivity": activity[row.name]}, row.refusal)


_CATALOG = (
    NamedDataset(
        "wehi10k",
        "drug-like screening compounds, in RDKit's own wheel: the default for trying things offline",
        "BSD-3-Clause (RDKit)",
        "Saubern, Guha & Baell, Mol. Inform. 30, 847 (2011), doi:10.1002/minf.201100076",
        {"all": 10_000},
        _embedded("wehi_mols.csv", header=False, name_column="column_2"),
    ),
    NamedDataset(
        "nci",
        "messy NCI compounds in RDKit's own wheel: salts, charges, metals; for testing the gate",
        "BSD-3-Clause (RDKit)",
        "National Cancer Institute open database, as distributed with RDKit",
        {"all": 4_999},
        _embedded("first_5K.smi"),
    ),
    NamedDataset(
        "chembl2321810",
        "one chemical series with measured pActivity, in RDKit's own wheel",
        "BSD-3-Clause (RDKit); data from ChEMBL, CC BY-SA 3.0",
        "ChEMBL document CHEMBL2321810, as distributed with RDKit (Contrib/FreeWilson)",
        {"all": 1_017},
        _embedded("CHEMBL2321810.smi"),
    ),
    NamedDataset(
        "moses",
        "MOSES benchmark: lead-like ZINC molecules without charges and stereo",
        "MIT (MOSES)",
        "Polykovskiy et al., Front. Pharmacol. 11, 565644 (2020), doi:10.3389/fphar.2020.565644",
        {"train": 1_584_663, "test": 176_074, "test_scaffolds": 176_225},
        _moses,
        needs_network=True,
    ),
    NamedDataset(
        "zinc250k",
        "drug-like ZINC molecules with charges and stereo, and logP, QED and SAS columns",
        "free for research (ZINC); repository Apache-2.0",
        "Gómez-Bombarelli et al., ACS Cent. Sci. 4, 268 (2018), doi:10.1021/acscentsci.7b00572",
        {"all": 249_455},
        _zinc250k,
        needs_network=True,
    ),
)
