"""Whether a data set on disk is what its manifest says."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from posedreamer.dataset.compact import sha256_of
from posedreamer.dataset.encode import content_hash_of
from posedreamer.dataset.manifest import COMPLETE, Manifest, Part, read_manifest
from posedreamer.dataset.rows import scores_in
from posedreamer.dataset.sample import sample_of
from posedreamer.dataset.schema import DECISIONS, KEPT, SCHEMA_VERSION, ledger_schema, samples_schema
from posedreamer.errors import DatasetError
from posedreamer.execution.parquet import open_parquet, read_table
from posedreamer.execution.progress import Meter, progress

__all__ = ["verify"]

Ledger = Mapping[str, Mapping[str, Any]]


def verify(path: str | Path) -> list[str]:
    """Every problem of a data set, one line each; an empty list for a sound one.

    Checks files against their checksums, counts that balance, unique ids, that the ledger and the samples agree, that
    pictures decode to the content the ledger says, that numbers are finite, and that no clip is in two splits. Raises
    DatasetError when the folder is no data set at all.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    if manifest.state != COMPLETE:
        return [f"the data set is {manifest.state}, not complete: run the same command again"]
    problems = list(_files(folder, manifest))
    if problems:
        return problems
    ledger = [row for part in manifest.ledger for row in read_table(folder / part.path).to_pylist()]
    problems = [*_schemas(folder, manifest), *_counts(manifest, ledger), *_splits(ledger)]
    by_id = {row["id"]: row for row in ledger}
    with progress("checking samples", manifest.counts.kept, "samples") as meter:
        problems += _samples(folder, manifest, by_id, meter)
    return problems


def _files(folder: Path, manifest: Manifest) -> Iterator[str]:
    parts = (*manifest.samples, *manifest.ledger)
    with progress("checking files", len(parts), "files") as meter:
        for part in parts:
            yield from _file(folder, part)
            meter.advance()
    listed = {part.path for part in parts}
    for kind in ("samples", "ledger"):
        for file in sorted((folder / kind).glob("*.parquet")):
            if f"{kind}/{file.name}" not in listed:
                yield f"{kind}/{file.name} is not listed (left by a crash): run the same command again to sweep it"


def _file(folder: Path, part: Part) -> Iterator[str]:
    file = folder / part.path
    if not file.exists():
        yield f"{part.path} is missing"
    elif sha256_of(file) != part.sha256:
        yield f"{part.path} differs from its checksum"


def _schemas(folder: Path, manifest: Manifest) -> Iterator[str]:
    expected = (
        (manifest.samples, samples_schema(manifest.score_names)),
        (manifest.ledger, ledger_schema(manifest.score_names)),
    )
    for parts, schema in expected:
        for part in parts:
            with open_parquet(folder / part.path) as file:
                if not any(file.schema_arrow.equals(known) for known in (schema, _before_traits(schema))):
                    yield f"{part.path} does not have the columns of schema version {SCHEMA_VERSION}"
                if file.metadata.num_rows != part.rows:
                    yield f"{part.path} has {file.metadata.num_rows} rows, the manifest says {part.rows}"


def _before_traits(schema: pa.Schema) -> pa.Schema:
    """The columns as the first writers of this schema version left them."""
    place = schema.get_field_index("traits")
    return schema if place < 0 else schema.remove(place)


def _counts(manifest: Manifest, ledger: list[dict[str, Any]]) -> Iterator[str]:
    counts = manifest.counts
    found = Counter(row["decision"] for row in ledger)
    for decision in DECISIONS:
        if found[decision] != getattr(counts, decision):
            yield f"the ledger has {found[decision]} {decision} rows, the manifest says {getattr(counts, decision)}"
    if set(found) - set(DECISIONS):
        yield f"the ledger has unknown decisions {sorted(set(found) - set(DECISIONS))}"
    if counts.kept + counts.surplus + counts.dropped + counts.failed != counts.candidates:
        yield f"counts do not balance: kept, surplus, dropped and failed do not sum to {counts.candidates} candidates"
    twice = [row_id for row_id, count in Counter(row["id"] for row in ledger).items() if count > 1]
    if twice:
        yield f"{len(twice)} ids are in the ledger more than once, first {twice[0]!r}"


def _splits(ledger: list[dict[str, Any]]) -> Iterator[str]:
    splits: dict[str, str] = {}
    for row in ledger:
        if row["decision"] == KEPT and splits.setdefault(row["clip"], row["split"]) != row["split"]:
            yield f"clip {row['clip']!r} is in splits {splits[row['clip']]!r} and {row['split']!r}"


def _samples(folder: Path, manifest: Manifest, ledger: Ledger, meter: Meter) -> Iterator[str]:
    seen: set[str] = set()
    for part in manifest.samples:
        with open_parquet(folder / part.path) as file:
            for group in range(file.metadata.num_row_groups):
                for row in file.read_row_group(group).to_pylist():
                    yield from (f"{row['id']}: {problem}" for problem in _sample(row, ledger, seen))
                    meter.advance()
    missing = [row_id for row_id, row in ledger.items() if row["decision"] == KEPT and row_id not in seen]
    if missing:
        yield f"{len(missing)} ids are kept in the ledger but not in samples, first {missing[0]!r}"


def _sample(row: dict[str, Any], ledger: Ledger, seen: set[str]) -> Iterator[str]:
    if row["id"] in seen:
        yield "is in samples more than once"
    seen.add(row["id"])
    told = ledger.get(row["id"])
    if told is None or told["decision"] != KEPT:
        yield "is in samples but not kept in the ledger"
        return
    yield from (f"{name} is not finite" for name in _not_finite(row, ""))
    if row["split"] != told["split"]:
        yield f"is in split {row['split']!r}, the ledger says {told['split']!r}"
    try:
        sample = sample_of(row)
        pixels = sample.pixels
        _ = sample.annotation
    except DatasetError as error:
        yield str(error)
        return
    if pixels.shape != (sample.height, sample.width, 3):
        yield f"its picture is {pixels.shape}, expected {(sample.height, sample.width, 3)}"
    if content_hash_of(pixels, scores_in(row)) != told["content_hash"]:
        yield "its picture or scores differ from what the ledger recorded (or another decoder version is installed)"


def _not_finite(value: Any, name: str) -> Iterator[str]:
    """Names of the numbers inside a row that are NaN or infinite."""
    if isinstance(value, dict):
        for key in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _not_finite(value[key], f"{name}.{key}" if name else str(key))  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, list) and value:
        yield from _not_finite_in_list(value, name)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, float) and not math.isfinite(value):
        yield name


def _not_finite_in_list(values: list[Any], name: str) -> Iterator[str]:
    if isinstance(values[0], float):
        if not np.isfinite(np.asarray(values, dtype=np.float64)).all():
            yield name
        return
    for place, each in enumerate(values):
        yield from _not_finite(each, f"{name}.{place}")
