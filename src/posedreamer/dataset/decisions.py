"""The first pass of the reduction: what becomes of every candidate, from light columns alone, in index order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from posedreamer.dataset.rows import Decide, scores_in
from posedreamer.dataset.schema import DONE, DROPPED, FAILED, KEPT, SURPLUS, ledger_schema
from posedreamer.errors import RecipeError
from posedreamer.execution.parquet import read_table

__all__ = ["DUPLICATE", "GATE", "DecidedBlock", "Pick", "decide_blocks", "split_chooser"]

GATE = "gate"
DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Pick:
    """A kept row: where it lies, how heavy it is, which split, and a mark that changes when its content does."""

    block: Path
    row: int
    weight: int
    split: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedBlock:
    """One block's part of the ledger, and its kept rows."""

    ledger: pa.Table = field(repr=False)
    picks: tuple[Pick, ...] = field(repr=False)


def split_chooser(fractions: Mapping[str, float]) -> Callable[[str], str]:
    """The split of a clip: a function of its name alone, so that no clip is torn apart, on any machine.

    Raises RecipeError unless the fractions are positive or zero and sum to 1.
    """
    total = sum(fractions.values())
    if abs(total - 1.0) > 1e-9 or min(fractions.values()) < 0:
        raise RecipeError(f"split fractions are {dict(fractions)}, sum {total:g}; they must be >= 0 and sum to 1")

    def split_of(clip: str) -> str:
        digest = hashlib.blake2b(clip.encode(), digest_size=8, person=b"split").digest()
        place = int.from_bytes(digest, "big") / 2**64
        for name, fraction in fractions.items():
            place -= fraction
            if place < 0:
                return name
        return list(fractions)[-1]

    return split_of


def decide_blocks(
    paths: Iterable[Path], decide: Decide, split_of: Callable[[str], str], num: int, score_names: Sequence[str]
) -> Iterator[DecidedBlock]:
    """Blocks in index order until ``num`` rows are kept; later blocks are left alone.

    A row whose pixels and scores were kept before is dropped as a duplicate, so the lowest id stays. Raises
    DatasetError when a block file is damaged.
    """
    schema = ledger_schema(score_names)
    light = [name for name in schema.names if name not in ("decision", "split")]
    kept: set[str] = set()
    for path in paths:
        if len(kept) >= num:
            return
        table = read_table(path, [*light, "outcome"])
        rows = table.to_pylist()
        for row in rows:
            _decide_row(row, decide, kept, num)
            row["split"] = split_of(row["clip"])
        yield DecidedBlock(
            ledger=_with_decisions(table, rows, schema),
            picks=tuple(_pick(path, place, row) for place, row in enumerate(rows) if row["decision"] == KEPT),
        )


def _decide_row(row: dict[str, Any], decide: Decide, kept: set[str], num: int) -> None:
    """Sets decision, and stage and reason where the gate decides; adds a kept row's content to ``kept``."""
    row["decision"] = DROPPED
    if row["outcome"] != DONE:
        row["decision"] = FAILED if row["outcome"] == FAILED else DROPPED
        return
    is_kept, reason = decide(scores_in(row))
    if not is_kept:
        row.update(stage=GATE, reason=reason)
    elif row["content_hash"] in kept:
        row.update(stage=GATE, reason=DUPLICATE)
    elif len(kept) >= num:
        row["decision"] = SURPLUS
    else:
        row["decision"] = KEPT
        kept.add(row["content_hash"])


def _with_decisions(table: pa.Table, rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    columns: dict[str, Any] = {}
    for name in schema.names:
        if name in ("decision", "stage", "reason", "split"):
            columns[name] = pa.array([row[name] for row in rows], pa.string())
        else:
            columns[name] = table.column(name)
    return pa.table(columns, schema=schema)


def _pick(path: Path, place: int, row: Mapping[str, Any]) -> Pick:
    mark = "\x1f".join((row["id"], row["identity_hash"], row["content_hash"], row["split"]))
    return Pick(path, place, row["image_bytes"], row["split"], mark)
