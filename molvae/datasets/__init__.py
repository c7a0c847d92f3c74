"""Corpora: reading and writing files of molecules, named data sets, splits, token shards and their batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from molvae._lazy import lazy_exports

if TYPE_CHECKING:
    from molvae.datasets.batches import Batch, BucketedBatches, batches_in_length_order, collate
    from molvae.datasets.files import atomic_folder, atomic_path, file_sha256
    from molvae.datasets.report import Rejection, RejectionReport
    from molvae.datasets.shards import TokenChunk, TokenShard, write_shard
    from molvae.datasets.splits import group_split, random_split, scaffold_split

__all__ = [
    "Batch",
    "BucketedBatches",
    "Rejection",
    "RejectionReport",
    "TokenChunk",
    "TokenShard",
    "atomic_folder",
    "atomic_path",
    "batches_in_length_order",
    "collate",
    "file_sha256",
    "group_split",
    "random_split",
    "scaffold_split",
    "write_shard",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Batch": "molvae.datasets.batches",
        "BucketedBatches": "molvae.datasets.batches",
        "batches_in_length_order": "molvae.datasets.batches",
        "collate": "molvae.datasets.batches",
        "atomic_folder": "molvae.datasets.files",
        "atomic_path": "molvae.datasets.files",
        "file_sha256": "molvae.datasets.files",
        "Rejection": "molvae.datasets.report",
        "RejectionReport": "molvae.datasets.report",
        "TokenChunk": "molvae.datasets.shards",
        "TokenShard": "molvae.datasets.shards",
        "write_shard": "molvae.datasets.shards",
        "group_split": "molvae.datasets.splits",
        "random_split": "molvae.datasets.splits",
        "scaffold_split": "molvae.datasets.splits",
    },
)
