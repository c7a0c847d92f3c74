"""`molvae evaluate reconstruction`, `generation` and `latent`: what they print, write and draw."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Molvae = Callable[..., Result]


@pytest.fixture
def call(molvae: Molvae, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Molvae:
    monkeypatch.setenv("MOLVAE_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("MOLVAE_MODEL", str(model_folder))

    def run(command: str, *arguments: str | Path, **more: object) -> Result:
        return molvae("evaluate", command, *arguments, "--threads", "1", "--workers", "1", **more)

    return run


def test_reconstruction_counts_taken_and_refused_rows(call: Molvae, molecule_file: Path, tmp_path: Path) -> None:
    result = call("reconstruction", "--data", molecule_file, "--json", "-o", tmp_path / "rows.csv")
    report = json.loads(result.stdout)
    assert report["n"] == 302
    assert report["refusals"] == {str(molecule_file): {"syntax": 1, "mixture": 1}}
    figures = report[str(molecule_file)]
    assert (figures["exact"]["of"], figures["refused"]["of"]) == (300, 302)
    assert len(report["model"]) == 64  # the SHA-256 of the weights
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    assert len(lines) == 303
    assert lines[0].startswith("source,row,smiles,canonical,decoded,status,detail,exact")


def test_reconstruction_of_several_sources_is_a_table_of_each(
    call: Molvae, molecule_file: Path, tmp_path: Path
) -> None:
    printed = call("reconstruction", "--data", molecule_file, "--data", "wehi10k", "-n", "20", "--seed", "1").stdout
    assert printed.count("exact without stereo") == 4
    assert printed.count("from the posterior mean") == 2
    assert "of        20" in printed or "of        19" in printed
    picture = tmp_path / "rows.png"
    call("reconstruction", "--data", molecule_file, "-n", "20", "--picture", picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_nothing_taken_is_exit_code_1(call: Molvae, tmp_path: Path) -> None:
    (tmp_path / "bad.smi").write_text("C1CC\n")
    assert "1 syntax" in call("reconstruction", "--data", tmp_path / "bad.smi", code=1).stdout


def test_samples_of_a_file_are_measured_without_a_model(
    call: Molvae, molecule_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MOLVAE_MODEL")
    (tmp_path / "new.smi").write_text(
        "\n".join(line.split()[0] for line in molecule_file.read_text().splitlines()[:40])
    )
    (tmp_path / "real.smi").write_text("\n".join(molecule_file.read_text().splitlines()[40:100]))
    arguments = ["--samples", tmp_path / "new.smi", "--reference", tmp_path / "real.smi", "--only", "moses"]
    report = json.loads(call("generation", *arguments, "--json").stdout)
    assert report["moses"]["valid"] == {"value": 1.0, "of": 40}
    assert report["moses"]["FCD/Test"]["of"] == 40
    assert report["moses"]["Filters"]["value"] is None  # NaN is no JSON, and MOSES has not been fetched
    assert (report["reference"], report["samples"]) == ("real.smi", str(tmp_path / "new.smi"))
    printed = call("generation", *arguments).stdout
    assert "FCD/Test floor" in printed
    assert "data prepare moses" in printed


def test_samples_of_a_model_are_measured_and_drawn(call: Molvae, molecule_file: Path, tmp_path: Path) -> None:
    (tmp_path / "real.smi").write_text("\n".join(molecule_file.read_text().splitlines()[:60]))
    picture = tmp_path / "new.png"
    arguments = ["--reference", tmp_path / "real.smi", "-n", "12", "--prior", "normal", "--picture", picture]
    report = json.loads(call("generation", *arguments, "--seed", "3", "--json").stdout)
    assert (report["n"], report["prior"], report["seed"]) == (12, "normal", 3)
    assert {"moses", "guacamol", "coverage", "weights"} <= report.keys()
    assert report["weights"]["KL"]["of"] == 60
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_latent_space_is_measured_and_drawn(call: Molvae, molecule_file: Path, tmp_path: Path) -> None:
    picture = tmp_path / "map.png"
    report = json.loads(call("latent", "--data", molecule_file, "-n", "20", "--picture", picture, "--json").stdout)
    assert report["n"] == 20
    assert report["holes"]["hole rate of the prior"]["of"] == 20
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "straight lines" in call("latent", "--data", molecule_file, "-n", "8").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["generation", "--reference", "mose"], 1, "did you mean 'moses'"),
        (["generation", "--reference", "no-such.smi"], 1, "no-such.smi"),
        (["generation", "--prior", "nothing"], 1, "prior must be one of"),
        (["generation", "--only", "fcd"], 2, "fcd"),
        (["latent", "--picture", "map.svg"], 2, "must end in .png"),
        (["reconstruction", "--data", "wehi10k-test"], 1, "no split 'test'"),
        (["nothing"], 2, "No such command"),
    ],
)
def test_mistakes_are_named(call: Molvae, arguments: list[str], code: int, message: str) -> None:
    assert message in call(*arguments, code=code).stderr
