from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from molvae.datasets.corpus import Corpus, SourceRow, tokenize_rows
from molvae.datasets.parts import digest, load_part, merge_parts, save_part
from molvae.datasets.rows import Row
from molvae.errors import DataError
from molvae.tokens.vocabulary import Vocabulary


def save(folder: Path, *parts: list[str]) -> list[Path]:
    paths = []
    for number, smiles in enumerate(parts):
        rows = [SourceRow("a", Row(line, text, "näme")) for line, text in enumerate(smiles, start=1)]
        paths.append(folder / f"part-{number}.safetensors")
        save_part(paths[-1], tokenize_rows(rows))
    return paths


def assert_equal(one: Corpus, other: Corpus) -> None:
    assert (one.symbols, one.smiles, one.rejections, one.report) == (
        other.symbols, other.smiles, other.rejections, other.report,
    )  # fmt: skip
    np.testing.assert_array_equal(one.tokens, other.tokens)
    np.testing.assert_array_equal(one.lengths, other.lengths)


@pytest.mark.parametrize("smiles", [["CCO", "x", "C=O"], ["x"], []])
def test_a_part_is_read_as_it_was_written(tmp_path: Path, smiles: list[str]) -> None:
    rows = [SourceRow("a", Row(line, text, "näme\u2028")) for line, text in enumerate(smiles, start=1)]
    corpus = tokenize_rows(rows)
    save_part(tmp_path / "part", corpus)
    assert_equal(load_part(tmp_path / "part"), corpus)


def test_the_first_of_each_molecule_is_kept_across_parts(tmp_path: Path) -> None:
    paths = save(tmp_path, ["CCO", "CN", "OCC"], ["NC", "CS"], [], ["x", "C(O)C", "CCC"])
    merged = merge_parts(paths)
    assert [mask.tolist() for mask in merged.kept] == [[True, True, False], [False, True], [], [False, True]]
    report = merged.report
    assert (report.read, report.kept, report.duplicates, report.rejected) == (8, 4, 3, 1)
    vocabulary = Vocabulary.from_symbols(merged.symbols)
    chunks = list(merged.chunks(vocabulary))
    assert [text for chunk in chunks for text in chunk.smiles] == ["CCO", "CN", "CS", "CCC"]
    assert vocabulary.decode(np.concatenate([chunk.tokens for chunk in chunks]).tolist()) == (
        "[C][C][O][C][N][C][S][C][C][C]"
    )


def test_excluded_molecules_and_their_symbols_are_out(tmp_path: Path) -> None:
    paths = save(tmp_path, ["CCO", "CBr", "BrC"], ["CN"])
    merged = merge_parts(paths, exclude={digest("CBr")})
    assert (merged.report.excluded, merged.report.duplicates, merged.report.kept) == (2, 0, 2)
    assert merged.symbols == {"[C]", "[O]", "[N]"}


def test_no_parts_are_no_molecules() -> None:
    merged = merge_parts([])
    assert (merged.report.read, merged.report.kept, list(merged.rejections())) == (0, 0, [])


def test_a_damaged_part_is_a_data_error(tmp_path: Path) -> None:
    [path] = save(tmp_path, ["CCO"])
    content = path.read_bytes()
    for damaged in (content[:-3], content[:10], b"", b"\xff" * 100):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="damaged"):
            load_part(path)
