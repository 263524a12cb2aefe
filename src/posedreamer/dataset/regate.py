"""Another gate over a finished data set: decisions from the ledger alone, samples from the pictures that are there.

Deciding reads no picture and takes seconds for 100,000 rows; writing takes as long as copying the kept pictures. Rows
that were dropped before can be kept now as long as their block files are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from posedreamer.dataset.compact import PartStore, write_ledger
from posedreamer.dataset.decisions import GATE, Decider, Gate, Pick, pick_of
from posedreamer.dataset.manifest import BLOCKS_FOLDER, COMPLETE, Manifest, hold_dataset, read_manifest
from posedreamer.dataset.reduce import Account, publish
from posedreamer.dataset.schema import DROPPED, KEPT, SURPLUS, ledger_schema
from posedreamer.errors import DatasetError
from posedreamer.execution.blocks import BlockFolder, block_at
from posedreamer.execution.parquet import read_table

__all__ = ["NewGate", "Regated", "redecide", "regate_dataset"]

_JUDGED: Final = ("source", "posture", "content_hash", "decision", "stage")
_PICKED: Final = ("id", "index", "decision", "image_bytes", "split", "identity_hash", "content_hash")
_FEW: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGate:
    """A gate for a data set that is there.

    Attributes:
        scores: names that the gate looks at; others are not read.
        policy: the gate in plain values, for the manifest; empty for the recipe's own.
        num: keep at most this many rows; None keeps all that pass.
    """

    gate: Gate = field(repr=False)
    scores: tuple[str, ...]
    policy: Mapping[str, Any]
    num: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Regated:
    """The ledger before and after, the same rows in the same order."""

    before: pa.Table = field(repr=False)
    after: pa.Table = field(repr=False)


def redecide(path: Path, manifest: Manifest, new: NewGate) -> Regated:
    """What the gate makes of the data set's ledger. Nothing is written.

    Raises DatasetError for a data set that is not finished or has no rows.
    """
    if manifest.state != COMPLETE or not manifest.ledger:
        raise DatasetError(f"{path} has no finished ledger to gate; run the command that wrote it again")
    schema = ledger_schema(manifest.score_names)
    ledger = pa.concat_tables([_completed(read_table(path / part.path), schema) for part in manifest.ledger])
    decider = Decider(new.gate, ledger.num_rows + 1 if new.num is None else new.num)
    columns: dict[str, list[Any]] = {name: ledger.column(name).to_pylist() for name in ("decision", "stage", "reason")}
    judged = ((place, row) for place, row in enumerate(_rows(ledger, new.scores)) if _is_judged(row))
    while few := list(islice(judged, _FEW)):
        decider.look_ahead([row for _, row in few])
        for place, row in few:
            decision, reason = decider.decide(row)
            columns["decision"][place] = decision
            columns["stage"][place] = GATE if decision == DROPPED else None
            columns["reason"][place] = reason if decision == DROPPED else None
    after = ledger
    for name, values in columns.items():
        after = after.set_column(after.schema.get_field_index(name), name, pa.array(values, pa.string()))
    return Regated(before=ledger, after=after)


def regate_dataset(path: Path, new: NewGate, block_size: int, out: Path | None = None) -> tuple[Regated, Manifest]:
    """The data set (or a new one in ``out``) holds what the gate keeps of the ledger; committed as a reduction is.

    Cut off at any moment the data set is as it was or as it will be; run again, it ends the same.

    Args:
        path: a finished data set; its block files are read, and its samples where a block file is gone.
        new: the gate.
        block_size: labels per block, of the recipe.
        out: another folder; ``path`` stays as it is.

    Raises DatasetError when a row that is kept now has no picture any more, RunError when another process writes
    either folder, or for a full disk.
    """
    target = path if out is None else out
    with ExitStack() as held:
        held.enter_context(hold_dataset(path, read_manifest(path).recipe))
        manifest = read_manifest(path)
        regated = redecide(path, manifest, new)
        picks = _picks(path, manifest, regated.after, block_size)
        if target.resolve() != path.resolve():
            held.enter_context(hold_dataset(target, manifest.recipe))
        account = Account()
        account.note(regated.after)
        counts = account.counts()
        store = PartStore(target, read_manifest(target))
        manifest = replace(
            manifest,
            identity_digest=account.identity.hexdigest(),
            content_digest=account.content.hexdigest(),
            requested=counts.kept if new.num is None else new.num,
            counts=counts,
            policy=dict(new.policy),
        )
        names = write_ledger(_blockwise(regated.after, block_size), store)
        return regated, publish(target, store, manifest, names, picks)


def _completed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The ledger's columns as they are today; those it was written without are null."""
    names = table.column_names
    columns: dict[str, Any] = {
        each.name: table.column(each.name) if each.name in names else pa.nulls(table.num_rows, each.type)
        for each in schema
    }
    return pa.table(columns, schema=schema)


def _blockwise(ledger: pa.Table, block_size: int) -> Iterator[pa.Table]:
    """The ledger cut where blocks end, as a reduction writes it."""
    number = np.asarray(ledger.column("index").to_pylist()) // block_size
    ends = [*(np.flatnonzero(np.diff(number)) + 1).tolist(), ledger.num_rows]
    start = 0
    for end in ends:
        yield ledger.slice(start, end - start)
        start = end


def _rows(ledger: pa.Table, scores: Sequence[str]) -> Iterator[dict[str, Any]]:
    facts = zip(*(ledger.column(name).to_pylist() for name in _JUDGED), strict=True)
    flat = ledger.select(["scores"]).flatten() if scores else ledger
    columns = [flat.column(f"scores.{name}").to_pylist() for name in scores]
    values = zip(*columns, strict=True) if columns else ((),) * ledger.num_rows
    for known, numbers in zip(facts, values, strict=True):
        row: dict[str, Any] = dict(zip(_JUDGED, known, strict=True))
        yield {**row, "scores": dict(zip(scores, numbers, strict=True))}


def _is_judged(row: Mapping[str, Any]) -> bool:
    return row["decision"] in (KEPT, SURPLUS) or (row["decision"] == DROPPED and row["stage"] == GATE)


def _picks(path: Path, manifest: Manifest, ledger: pa.Table, block_size: int) -> list[Pick]:
    """Where the picture of every kept row lies: in its block file, else in the samples of before."""
    folder = BlockFolder(path / BLOCKS_FOLDER, manifest.recipe_digest)
    blocks: dict[int, Path | None] = {}
    rows_before: dict[int, int] = {}
    samples: dict[str, tuple[Path, int]] | None = None
    picks: list[Pick] = []
    for row in ledger.select(_PICKED).to_pylist():
        number = row["index"] // block_size
        place = rows_before.get(number, 0)
        rows_before[number] = place + 1
        if row["decision"] != KEPT:
            continue
        if number not in blocks:
            file = folder.path_of(block_at(number, block_size))
            blocks[number] = file if file.exists() else None
        block = blocks[number]
        if block is None:
            samples = _sample_places(path, manifest) if samples is None else samples
            block, place = samples.get(row["id"], (None, 0))
        if block is None:
            missing = folder.path_of(block_at(number, block_size))
            raise DatasetError(
                f"{row['id']} would be kept now, but its picture is gone: {missing} is not there. "
                "Gate the data set that was generated, or use a policy that keeps no more than before"
            )
        picks.append(pick_of(block, place, row))
    return picks


def _sample_places(path: Path, manifest: Manifest) -> dict[str, tuple[Path, int]]:
    return {
        row_id: (path / part.path, place)
        for part in manifest.samples
        for place, row_id in enumerate(read_table(path / part.path, ["id"]).column("id").to_pylist())
    }
