"""The second pass of the reduction: kept rows and ledger rows into few large files, named by what they hold.

A part's name carries a hash of its rows, so a part that is there already is never written again, a part under way
never replaces one that is read, and whatever a crash leaves behind is either reused or swept away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from posedreamer.dataset.decisions import Pick
from posedreamer.dataset.manifest import Manifest, Part
from posedreamer.dataset.schema import SCHEMA_VERSION, samples_schema
from posedreamer.execution.files import make_folder, remove_stale_temporaries, sync_folder
from posedreamer.execution.parquet import ROWS_PER_GROUP, footer_of, parquet_writer, read_table, write_table
from posedreamer.execution.progress import Meter

__all__ = ["STAGING", "PartStore", "plan_parts", "write_ledger", "write_samples"]

STAGING = ".staging"
_PART_BYTES = 400_000_000
_ROW_BYTES = 16_384
_LEDGER_ROWS = 250_000
_LEDGER_GROUP = 16_384


class PartStore:
    """Finds, stages and publishes the parts of one data set folder."""

    def __init__(self, path: Path, committed: Manifest) -> None:
        self._path = path
        self._known = {part.path: part for part in (*committed.samples, *committed.ledger)}
        for kind in ("samples", "ledger"):
            for folder in (self._path / kind, self._path / STAGING / kind):
                make_folder(folder)
                remove_stale_temporaries(folder)

    def find(self, kind: str, name: str) -> Path | None:
        """A whole part of that name, published or staged by a run that did not end."""
        for path in (self._path / kind / name, self.staged(kind, name)):
            if footer_of(path) is not None:
                return path
        return None

    def staged(self, kind: str, name: str) -> Path:
        """Where a part is written."""
        return self._path / STAGING / kind / name

    def publish(self, kind: str, name: str) -> Part:
        """The part is in the data set's folder; its description. It counts only once the manifest lists it."""
        final = self._path / kind / name
        staged = self.staged(kind, name)
        if staged.exists():
            staged.replace(final)
        known = self._known.get(f"{kind}/{name}")
        size = final.stat().st_size
        if known is not None and known.bytes == size:
            return known
        footer = footer_of(final)
        rows = footer.num_rows if footer else 0
        return Part(path=f"{kind}/{name}", rows=rows, bytes=size, sha256=sha256_of(final))

    def sync(self) -> None:
        """Published parts have reached the disk."""
        for kind in ("samples", "ledger"):
            sync_folder(self._path / kind)

    def sweep(self, manifest: Manifest) -> None:
        """Only the parts that the manifest lists are left."""
        listed = {part.path for part in (*manifest.samples, *manifest.ledger)}
        for kind in ("samples", "ledger"):
            for path in (self._path / kind).glob("*.parquet"):
                if f"{kind}/{path.name}" not in listed:
                    path.unlink()
            for path in (self._path / STAGING / kind).iterdir():
                path.unlink()
            (self._path / STAGING / kind).rmdir()
        (self._path / STAGING).rmdir()


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def plan_parts(picks: Sequence[Pick], part_bytes: int = _PART_BYTES) -> list[tuple[str, list[Pick]]]:
    """Names and rows of the sample parts; each stays below 500 MB, and growing a data set keeps all full parts."""
    parts: list[list[Pick]] = []
    weight = 0
    for pick in picks:
        weight += pick.weight + _ROW_BYTES
        if not parts or weight > part_bytes:
            parts.append([])
            weight = pick.weight + _ROW_BYTES
        parts[-1].append(pick)
    return [(_name(number, (pick.mark for pick in part)), part) for number, part in enumerate(parts)]


def write_samples(path: Path, picks: Sequence[Pick], score_names: Sequence[str], meter: Meter) -> None:
    """The picked rows are one file at ``path``, in order, in row groups of 64."""
    schema = samples_schema(score_names)
    with parquet_writer(path, schema, {}) as writer:
        waiting: list[pa.Table] = []
        count = 0
        for table in _taken(picks, schema):
            waiting.append(table)
            count += table.num_rows
            meter.advance(table.num_rows)
            full = count - count % ROWS_PER_GROUP
            if full:
                joined = pa.concat_tables(waiting)
                writer.write_table(joined.slice(0, full), row_group_size=ROWS_PER_GROUP)
                waiting, count = [joined.slice(full)], count - full
        if count:
            writer.write_table(pa.concat_tables(waiting), row_group_size=ROWS_PER_GROUP)


def write_ledger(tables: Iterable[pa.Table], store: PartStore) -> list[str]:
    """The ledger's rows are in staged or published parts; their names, in order."""
    names: list[str] = []
    for joined in _chunks(tables):
        marks = (str(row) for row in joined.to_pylist())
        name = _name(len(names), marks)
        if store.find("ledger", name) is None:
            write_table(store.staged("ledger", name), joined, {}, _LEDGER_GROUP)
        names.append(name)
    return names


def _chunks(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    count = 0
    for table in tables:
        waiting.append(table)
        count += table.num_rows
        if count >= _LEDGER_ROWS:
            yield pa.concat_tables(waiting)
            waiting, count = [], 0
    if waiting:
        yield pa.concat_tables(waiting)


def _taken(picks: Sequence[Pick], schema: pa.Schema) -> Iterator[pa.Table]:
    columns = [name for name in schema.names if name != "split"]
    for block, group in groupby(picks, key=lambda pick: pick.block):
        rows = list(group)
        table = read_table(block, columns).take([pick.row for pick in rows])
        arrays = {name: table.column(name) for name in columns}
        split = pa.array([pick.split for pick in rows], pa.string())
        yield pa.table({**arrays, "split": split}, schema=schema)


def _name(number: int, marks: Iterable[str]) -> str:
    digest = hashlib.blake2b(f"schema {SCHEMA_VERSION}".encode(), digest_size=6)
    for mark in marks:
        digest.update(b"\x1e" + mark.encode())
    return f"part-{number:05d}-{digest.hexdigest()}.parquet"
