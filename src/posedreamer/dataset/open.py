"""Reading a data set: typed samples by position, tables by column, a map-style view for PyTorch."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import pyarrow as pa
import pyarrow.parquet as pq

from posedreamer.dataset.manifest import COMPLETE, Manifest, Part, read_manifest
from posedreamer.dataset.sample import Sample, sample_of
from posedreamer.dataset.verify import verify
from posedreamer.errors import DatasetError, InputError
from posedreamer.execution.parquet import open_parquet, read_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from posedreamer.dataset.torch_view import TorchSamples

__all__ = ["Dataset", "open_dataset", "verify"]

_GROUPS_KEPT = 4


class Dataset(Sequence[Sample]):
    """The kept samples of a data set, in index order: ``len``, iteration, ``[i]``.

    Rows are read a row group at a time, the last few are kept in memory. The object pickles as its path and rows, so
    that worker processes read for themselves.
    """

    def __init__(self, path: Path, manifest: Manifest, rows: Sequence[int]) -> None:
        self._path = path
        self._manifest = manifest
        self._rows = rows
        self._reader = _Reader(path, manifest.samples)

    @property
    def path(self) -> Path:
        """The data set's folder."""
        return self._path

    @property
    def manifest(self) -> Manifest:
        """What ``dataset.json`` says: recipe, digests, counts, versions, licences."""
        return self._manifest

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice[Any, Any, Any]) -> Dataset: ...
    def __getitem__(self, index: int | slice[Any, Any, Any]) -> Sample | Dataset:
        """The sample at a place; for a slice the data set of those samples."""
        if isinstance(index, slice):
            return Dataset(self._path, self._manifest, self._rows[index])
        return sample_of(self._reader.row(self._rows[index]))

    def __iter__(self) -> Iterator[Sample]:
        return (sample_of(self._reader.row(row)) for row in self._rows)

    def __reduce__(self) -> tuple[Any, ...]:
        return Dataset, (self._path, self._manifest, self._rows)

    def split(self, name: str) -> Dataset:
        """The samples of one split. Raises InputError for a name that no sample has."""
        known = self._manifest.counts.by_split
        if name not in known:
            raise InputError(f"{self._path} has no split {name!r}; it has {', '.join(known) or 'no samples'}")
        splits = self.table(["split"]).column("split").to_pylist()
        rows = [row for row, each in zip(self._rows, splits, strict=True) if each == name]
        return Dataset(self._path, self._manifest, rows)

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The samples' columns as one Arrow table; ask for the columns you need, pictures are large."""
        joined = _joined(self._path, self._manifest.samples, columns)
        return joined if len(self) == joined.num_rows else joined.take(list(self._rows))

    def ledger(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Every candidate of the data set, whatever became of it, as one Arrow table."""
        return _joined(self._path, self._manifest.ledger, columns)

    def torch(self, transform: Callable[[Sample], Any] | None = None) -> TorchSamples:
        """A map-style PyTorch data set; without ``transform`` an item is a dict of tensors (``sample_tensors``)."""
        from posedreamer.dataset.torch_view import TorchSamples, sample_tensors

        return TorchSamples(self, transform or sample_tensors)


def open_dataset(path: str | Path) -> Dataset:
    """The data set in a folder. Reads ``dataset.json`` and looks whether the files it lists are there.

    Raises DatasetError when the folder is no data set, is not finished, or lacks a file.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    if manifest.state != COMPLETE:
        raise DatasetError(f"{folder} is not finished: run the command that began it again to continue")
    for part in (*manifest.samples, *manifest.ledger):
        file = folder / part.path
        size = file.stat().st_size if file.exists() else None
        if size != part.bytes:
            found = "is missing" if size is None else f"has {size} bytes"
            raise DatasetError(f"{file} {found}, expected {part.bytes} bytes; restore it or run the same command again")
    return Dataset(folder, manifest, range(sum(part.rows for part in manifest.samples)))


class _Reader:
    """Rows of the sample parts by position; files stay open, the last row groups in memory."""

    def __init__(self, path: Path, parts: Sequence[Part]) -> None:
        self._paths = [path / part.path for part in parts]
        self._starts = [0, *itertools.accumulate(part.rows for part in parts)]
        self._files: dict[int, tuple[pq.ParquetFile, list[int]]] = {}
        self._groups: dict[tuple[int, int], pa.Table] = {}

    def row(self, place: int) -> dict[str, Any]:
        """The row as Python values. Raises DatasetError when its row group is damaged."""
        part = bisect.bisect_right(self._starts, place) - 1
        starts = self._file(part)[1]
        inside = place - self._starts[part]
        group = bisect.bisect_right(starts, inside) - 1
        return self._group(part, group).slice(inside - starts[group], 1).to_pylist()[0]

    def _group(self, part: int, group: int) -> pa.Table:
        table = self._groups.pop((part, group), None)
        if table is None:
            try:
                table = self._file(part)[0].read_row_group(group, use_threads=False)
            except (OSError, pa.ArrowException) as error:
                raise DatasetError(f"{self._paths[part]} is damaged ({error}); restore it") from error
        self._groups[part, group] = table
        while len(self._groups) > _GROUPS_KEPT:
            del self._groups[next(iter(self._groups))]
        return table

    def _file(self, part: int) -> tuple[pq.ParquetFile, list[int]]:
        if part not in self._files:
            with open_parquet(self._paths[part]) as checked:
                groups = [checked.metadata.row_group(k).num_rows for k in range(checked.metadata.num_row_groups)]
            file = pq.ParquetFile(self._paths[part], memory_map=True, page_checksum_verification=True)
            self._files[part] = file, [0, *itertools.accumulate(groups[:-1])]
        return self._files[part]


def _joined(path: Path, parts: Sequence[Part], columns: Sequence[str] | None) -> pa.Table:
    if not parts:
        raise DatasetError(f"{path} has no rows: nothing was kept; lower a threshold or generate more")
    return pa.concat_tables([read_table(path / part.path, columns) for part in parts])
