"""Blocks: the unit of work, a fixed run of label indices whose results are one idempotent file."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from posedreamer.execution.files import make_folder, remove_stale_temporaries
from posedreamer.execution.parquet import footer_of, write_table

__all__ = ["Block", "BlockFolder", "BlockSummary", "block_at", "blocks_of", "counts_in", "with_counts"]

_COUNTS = b"posedreamer.counts"
_BLOCK = "posedreamer.block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Label indices ``first`` to ``last``, both included."""

    index: int
    block_id: str
    first: int
    last: int

    @property
    def label_indices(self) -> range:
        """The label indices of the block, in order."""
        return range(self.first, self.last + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSummary:
    """What is known of a finished block without reading it.

    Attributes:
        rows: of the block file.
        counts: what the worker counted (see ``with_counts``), e.g. done, dropped, failed, kept.
        seconds: of work; 0 for a block that was already there.
        is_reused: the file was there and whole, nothing was computed.
    """

    block: Block
    rows: int
    counts: Mapping[str, int]
    seconds: float
    is_reused: bool


def block_at(index: int, size: int) -> Block:
    """The block of that index when every block has ``size`` labels."""
    return Block(index=index, block_id=f"block-{index:06d}", first=index * size, last=(index + 1) * size - 1)


def blocks_of(size: int, start: int = 0) -> Iterator[Block]:
    """Blocks of ``size`` labels from block ``start`` on, without end."""
    return (block_at(index, size) for index in itertools.count(start))


def with_counts(table: pa.Table, counts: Mapping[str, int]) -> pa.Table:
    """The table with counts that its block's summary will show, kept in the file's metadata."""
    metadata = dict(table.schema.metadata or {})
    return table.replace_schema_metadata({**metadata, _COUNTS: json.dumps(dict(counts), sort_keys=True).encode()})


def counts_in(metadata: Mapping[bytes, bytes] | None) -> dict[str, int]:
    """The counts that ``with_counts`` put there; empty where there are none."""
    return json.loads((metadata or {}).get(_COUNTS, b"{}"))


class BlockFolder:
    """The block files of one data set under one recipe."""

    def __init__(self, path: Path, recipe_digest: str) -> None:
        self._path = path
        self._recipe_digest = recipe_digest

    def prepare(self) -> None:
        """The folder exists, is writable and free of dead writers' leavings. Raises InputError or RunError."""
        make_folder(self._path)
        self.remove_leavings()

    def remove_leavings(self) -> None:
        """Temporary files of writers that died are gone."""
        remove_stale_temporaries(self._path)

    def path_of(self, block: Block) -> Path:
        """Where the block's file is or will be."""
        return self._path / f"{block.block_id}.parquet"

    def write(self, block: Block, table: pa.Table, seconds: float) -> BlockSummary:
        """The block's file holds the table, whole or not at all.

        Raises RunError for a full disk and InputError for a folder that cannot be written.
        """
        write_table(self.path_of(block), table, {_BLOCK: self._stamp(block, table.num_rows)})
        counts = counts_in(table.schema.metadata)
        return BlockSummary(block=block, rows=table.num_rows, counts=counts, seconds=seconds, is_reused=False)

    def find(self, block: Block) -> BlockSummary | None:
        """The summary of the block's file if it is whole and of this recipe and range, else None.

        The footer alone is read: a file with a footer was renamed into place whole. Pages carry checksums that are
        verified whenever they are read.
        """
        footer = footer_of(self.path_of(block))
        if footer is None or footer.metadata is None:
            return None
        if footer.metadata.get(_BLOCK.encode(), b"").decode() != self._stamp(block, footer.num_rows):
            return None
        counts = counts_in(footer.metadata)
        return BlockSummary(block=block, rows=footer.num_rows, counts=counts, seconds=0.0, is_reused=True)

    def _stamp(self, block: Block, rows: int) -> str:
        stamp = {
            "block_id": block.block_id,
            "first": block.first,
            "last": block.last,
            "rows": rows,
            "recipe_digest": self._recipe_digest,
        }
        return json.dumps(stamp, sort_keys=True)
