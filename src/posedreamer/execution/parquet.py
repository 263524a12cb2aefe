"""Parquet as this project writes it: binary columns plain, everything else packed, every page with a checksum."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from posedreamer.errors import DatasetError
from posedreamer.execution.files import atomic_file

__all__ = ["ROWS_PER_GROUP", "footer_of", "open_parquet", "parquet_writer", "read_table", "write_table"]

ROWS_PER_GROUP = 64
_BINARY = pa.binary()


@contextmanager
def parquet_writer(
    path: Path, schema: pa.Schema, metadata: Mapping[str, str]
) -> Generator[pq.ParquetWriter, None, None]:
    """A writer whose file appears at ``path``, whole, when the block ends without an error.

    Binary columns (encoded pictures) are neither compressed again nor dictionary-encoded, and carry no statistics.
    Raises RunError for a full disk and InputError for a folder that cannot be written.
    """
    leaves = [leaf for each in schema for leaf in _leaves(each.name, each.type)]
    packed = [name for name, is_binary in leaves if not is_binary]
    with atomic_file(path) as temporary, temporary.open("wb") as stream:
        writer = pq.ParquetWriter(
            stream,
            schema,
            compression={name: "NONE" if is_binary else "ZSTD" for name, is_binary in leaves},
            use_dictionary=packed,
            write_statistics=packed,
            write_page_checksum=True,
        )
        writer.add_key_value_metadata(dict(metadata))
        yield writer
        writer.close()


def write_table(path: Path, table: pa.Table, metadata: Mapping[str, str], rows_per_group: int = ROWS_PER_GROUP) -> None:
    """The table is at ``path``, whole or not at all. Raises as the writer does."""
    with parquet_writer(path, table.schema, metadata) as writer:
        writer.write_table(table, row_group_size=rows_per_group)


@contextmanager
def open_parquet(path: Path) -> Generator[pq.ParquetFile, None, None]:
    """The file, its page checksums verified on reading. Raises DatasetError when it, or what is read, is damaged."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except (OSError, pa.ArrowException, ValueError) as error:
        raise DatasetError(
            f"{path} is missing or damaged ({error}); delete it and run the command that wrote it again"
        ) from error


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The table, or only some of its columns. Raises DatasetError when the file is missing or damaged."""
    with open_parquet(path) as file:
        return file.read(columns=columns)


def footer_of(path: Path) -> pq.FileMetaData | None:
    """The footer of a file that is there and whole at its end, else None."""
    try:
        return pq.read_metadata(path)
    except (OSError, pa.ArrowException, ValueError):
        return None


def _leaves(path: str, kind: pa.DataType) -> Iterator[tuple[str, bool]]:
    """Parquet's paths of a column's leaves, and whether each holds binary data."""
    if isinstance(kind, pa.StructType):
        for name in kind.names:
            yield from _leaves(f"{path}.{name}", kind.field(name).type)
    elif isinstance(kind, pa.ListType):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    else:
        yield path, kind.equals(_BINARY)
