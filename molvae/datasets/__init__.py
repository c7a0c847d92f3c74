"""Corpora: reading and writing files of molecules, named data sets, splits, token shards and their batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.datasets.batches import Batch, BucketedBatches, batches_in_length_order, collate
    from molvae.datasets.catalog import NamedDataset, dataset, list_datasets
    from molvae.datasets.corpus import Corpus, SourceRow, tokenize_rows
    from molvae.datasets.downloads import data_folder, download
    from molvae.datasets.files import atomic_folder, atomic_path, file_sha256
    from molvae.datasets.merging import merge_shards
    from molvae.datasets.preparation import prepare, prepare_smiles
    from molvae.datasets.readers import Source, file_format, read_rows
    from molvae.datasets.report import Rejection, RejectionReport
    from molvae.datasets.rows import Row
    from molvae.datasets.shards import TokenChunk, TokenShard, write_shard
    from molvae.datasets.splits import group_split, random_split, scaffold_split
    from molvae.datasets.writers import write_rows

__all__ = [
    "Batch",
    "BucketedBatches",
    "Corpus",
    "NamedDataset",
    "Rejection",
    "RejectionReport",
    "Row",
    "Source",
    "SourceRow",
    "TokenChunk",
    "TokenShard",
    "atomic_folder",
    "atomic_path",
    "batches_in_length_order",
    "collate",
    "data_folder",
    "dataset",
    "download",
    "file_format",
    "file_sha256",
    "group_split",
    "list_datasets",
    "merge_shards",
    "prepare",
    "prepare_smiles",
    "random_split",
    "read_rows",
    "scaffold_split",
    "tokenize_rows",
    "write_rows",
    "write_shard",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Batch": "molvae.datasets.batches",
        "BucketedBatches": "molvae.datasets.batches",
        "batches_in_length_order": "molvae.datasets.batches",
        "collate": "molvae.datasets.batches",
        "NamedDataset": "molvae.datasets.catalog",
        "dataset": "molvae.datasets.catalog",
        "list_datasets": "molvae.datasets.catalog",
        "Corpus": "molvae.datasets.corpus",
        "SourceRow": "molvae.datasets.corpus",
        "tokenize_rows": "molvae.datasets.corpus",
        "data_folder": "molvae.datasets.downloads",
        "download": "molvae.datasets.downloads",
        "atomic_folder": "molvae.datasets.files",
        "atomic_path": "molvae.datasets.files",
        "file_sha256": "molvae.datasets.files",
        "merge_shards": "molvae.datasets.merging",
        "prepare": "molvae.datasets.preparation",
        "prepare_smiles": "molvae.datasets.preparation",
        "Source": "molvae.datasets.readers",
        "file_format": "molvae.datasets.readers",
        "read_rows": "molvae.datasets.readers",
        "Rejection": "molvae.datasets.report",
        "RejectionReport": "molvae.datasets.report",
        "Row": "molvae.datasets.rows",
        "TokenChunk": "molvae.datasets.shards",
        "TokenShard": "molvae.datasets.shards",
        "write_shard": "molvae.datasets.shards",
        "group_split": "molvae.datasets.splits",
        "random_split": "molvae.datasets.splits",
        "scaffold_split": "molvae.datasets.splits",
        "write_rows": "molvae.datasets.writers",
    },
)
