from __future__ import annotations

import gzip
import hashlib
import zipfile
from pathlib import Path

import pytest

from molvae.datasets import catalog
from molvae.datasets.catalog import NamedDataset, dataset, list_datasets
from molvae.datasets.corpus import SourceRow, tokenize_rows
from molvae.datasets.readers import read_rows
from molvae.errors import DataError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and an index of packages with nothing in it."""
    monkeypatch.setenv("MOLVAE_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path / "cache"


def embedded() -> list[NamedDataset]:
    return [entry for entry in list_datasets() if not entry.needs_network]


@pytest.mark.parametrize("entry", embedded(), ids=lambda entry: entry.name)
def test_embedded_sets_have_the_stated_rows_and_names(entry: NamedDataset) -> None:
    rows = list(entry.rows())
    assert entry.is_available
    assert len(rows) == entry.molecules == entry.splits["all"]
    assert all(row.smiles and row.name for row in rows)
    assert len({row.name for row in rows}) == len(rows)


def test_the_messy_set_meets_the_gate() -> None:
    corpus = tokenize_rows([SourceRow("nci", row) for row in dataset("nci").rows()])
    assert corpus.report.read == 4_999
    assert corpus.report.refused["valence"] == 8
    assert corpus.report.refused["mixture"] > 100
    assert corpus.report.refused["element"] > 100


def test_activities_come_with_their_molecules() -> None:
    activities = [float(row.fields["pactivity"]) for row in dataset("chembl2321810").rows()]
    assert len(activities) == 1_017
    assert 3 < min(activities) < max(activities) < 12


def test_every_set_says_where_it_is_from(project_root: Path) -> None:
    readme = (project_root / "data" / "README.md").read_text(encoding="utf-8")
    for entry in list_datasets():
        assert entry.licence
        assert entry.reference
        assert f"`{entry.name}`" in readme
        assert all(f"{count:,}" in readme for count in entry.splits.values())
    for sha256 in (catalog._MOSES_WHEEL_SHA256, catalog._ZINC_SHA256, *catalog._MOSES_SHA256.values()):
        assert sha256 in readme


def test_a_set_or_split_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match="did you mean 'moses'"):
        dataset("mose")
    with pytest.raises(DataError, match="known: wehi10k"):
        dataset("xxxxxxxx")
    with pytest.raises(DataError, match="no split 'valid', only train, test, test_scaffolds"):
        dataset("moses").source("valid")


def test_a_distribution_without_the_files_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from molvae.chem import embedded as files

    monkeypatch.setitem(files._FILES, "wehi_mols.csv", (str(tmp_path), "Pains"))
    assert not dataset("wehi10k").is_available
    with pytest.raises(DataError, match="distribution of RDKit has no wehi_mols"):
        dataset("wehi10k").source()


@pytest.fixture
def small_moses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel built like that of MOSES, with three molecules, whose sums are the pinned ones."""
    files = {name: gzip.compress(b"SMILES\nCCO\n", mtime=0) for name in catalog._MOSES_SHA256}
    files["dataset/data/test.csv.gz"] = gzip.compress(b"SMILES\nCN\n", mtime=0)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    wheel = folder / "molsets-0.3.1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"moses/{name}", content)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(catalog, "_MOSES_SHA256", sums)
    return wheel


def test_moses_is_read_out_of_its_wheel_once(small_moses: Path, cache: Path) -> None:
    moses = dataset("moses")
    assert not moses.is_available
    assert [row.smiles for row in moses.rows("train", file=small_moses)] == ["CCO"]
    names = sorted(Path(member).name for member in catalog._MOSES_SHA256)
    assert sorted(path.name for path in (cache / "moses").iterdir()) == names
    small_moses.unlink()
    assert moses.is_available
    assert [row.smiles for row in moses.rows("test")] == ["CN"]
    assert all(catalog.moses_file(name).parent == cache / "moses" for name in names)


def test_moses_that_pip_cannot_get_names_the_way_out(cache: Path) -> None:
    with pytest.raises(DataError, match=r"pip cannot get molsets==0\.3\.1.*--from"):
        dataset("moses").source()
    assert not (cache / "moses").exists()


def test_a_wheel_of_something_else_is_refused(small_moses: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr(catalog, "_MOSES_SHA256", dict.fromkeys(catalog._MOSES_SHA256, "0" * 64))
    with pytest.raises(DataError, match="not the file expected"):
        dataset("moses").source("train", file=small_moses)
    assert list((cache / "moses").glob("*")) == []


def test_the_users_own_file_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "250k.csv"
    path.write_text('smiles,logP,qed,SAS\n"CCO\n",1,0.5,2\n')
    [row] = dataset("zinc250k").rows(file=path)
    assert (row.smiles, dict(row.fields)) == ("CCO\n", {"logP": "1", "qed": "0.5", "SAS": "2"})
    assert dataset("moses").source("test", file=path).path == path


def test_zinc250k_is_asked_for_by_its_pinned_address_sum_and_size(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    asked: dict[str, object] = {}

    def fetch(url: str, path: Path, **pinned: object) -> Path:
        asked.update(pinned, url=url)
        return path

    monkeypatch.setattr(catalog, "download", fetch)
    assert dataset("zinc250k").source().path == cache / "zinc250k" / "zinc250k.csv"
    assert asked == {"url": catalog._ZINC_URL, "sha256": catalog._ZINC_SHA256, "max_bytes": 22_606_589}
    assert str(asked["url"]).startswith("https://")


def test_the_example_drugs_pass_the_gate_unchanged(project_root: Path) -> None:
    from molvae.tokens import tokenize

    smi = list(read_rows(project_root / "data" / "drugs.smi"))
    table = list(read_rows(project_root / "data" / "drugs.csv"))
    assert len(smi) == 100 == len({row.name for row in smi}) == len({row.smiles for row in smi})
    assert [(row.smiles, row.name) for row in smi] == [(row.smiles, row.name) for row in table]
    for row in smi:
        assert tokenize(row.smiles, verify=True).notes == ()
    assert all(-6 < float(row.fields["computed_logp"]) < 8 for row in table)
