"""The reduction: block files become a data set, the same one for any order, worker count or history of crashes.

    reduction = Reduction(recipe=recipe, score_names=("oks",), gate=gate, splits=DEFAULT_SPLITS, block_size=16,
                          versions={"anny": "0.6.2"}, licences={"body anny": "CC0-1.0"})
    with hold_dataset(out, recipe) as folder:             # refuses a changed recipe and a second writer
        with closing(run_blocks(job, blocks_of(16), folder, workers=2)) as summaries:
            ...                                           # until counts["kept"] sum up to 32, see execution.local
        manifest = reduce_dataset(out, reduction, num=32)
        if manifest.counts.kept < 32: ...                 # duplicates were dropped: more blocks, then reduce again

``gate`` decides on judged rows (``dataset.decisions.Gate``). Blocks are taken from block 0 on without a gap, until
``num`` rows are kept; blocks beyond stay on disk for a later, larger ``num``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from posedreamer.dataset.compact import PartStore, plan_parts, write_ledger, write_samples
from posedreamer.dataset.decisions import DecidedBlock, Gate, Pick, decide_blocks, split_chooser
from posedreamer.dataset.manifest import (
    BLOCKS_FOLDER,
    COMPLETE,
    Counts,
    Manifest,
    begin_dataset,
    read_manifest,
    write_manifest,
)
from posedreamer.dataset.schema import DECISIONS, DROPPED, FAILED, KEPT, SURPLUS
from posedreamer.errors import DatasetError
from posedreamer.execution.blocks import BlockFolder, block_at
from posedreamer.execution.progress import progress

__all__ = ["DEFAULT_SPLITS", "Account", "Reduction", "publish", "reduce_dataset"]

DEFAULT_SPLITS: Mapping[str, float] = {"train": 0.9, "val": 0.05, "test": 0.05}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """How blocks become a data set; all of it follows from the recipe.

    Attributes:
        recipe: what ``begin_dataset`` was given.
        score_names: of the recipe's scorers, in the order of the columns.
        splits: name -> share of clips; they sum to 1.
        block_size: labels per block.
        versions: what made the data: packages, models, weights.
        licences: what -> licence.
        about: what -> plain sentences on it.
        origin: the data set whose labels are painted anew; empty for labels of its own.
    """

    recipe: Mapping[str, Any] = field(repr=False)
    score_names: tuple[str, ...]
    gate: Gate
    splits: Mapping[str, float]
    block_size: int
    versions: Mapping[str, str]
    licences: Mapping[str, str]
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: Mapping[str, Any] = field(default_factory=dict[str, Any])


def reduce_dataset(path: Path, reduction: Reduction, num: int) -> Manifest:
    """The folder's data set holds the first ``num`` kept rows, committed; its manifest. It never shrinks.

    Old parts are removed only after the new manifest is on disk. Run again after a crash at any moment, it ends in
    the same data set. Raises DatasetError for a damaged block file and for blocks that hold fewer kept rows than the
    data set has, RecipeError for a changed recipe, RunError for a full disk.
    """
    digest = begin_dataset(path, reduction.recipe)
    committed = read_manifest(path)
    num = max(num, committed.counts.kept)
    store = PartStore(path, committed)
    account = Account()
    picks: list[Pick] = []
    decided = decide_blocks(
        _block_paths(BlockFolder(path / BLOCKS_FOLDER, digest), reduction.block_size),
        reduction.gate,
        split_chooser(reduction.splits),
        num,
        reduction.score_names,
    )
    ledger = write_ledger(_noted(decided, account, picks), store)
    _check_growth(path, committed.counts.kept, len(picks))
    manifest = Manifest(
        state=COMPLETE,
        recipe=reduction.recipe,
        recipe_digest=digest,
        identity_digest=account.identity.hexdigest(),
        content_digest=account.content.hexdigest(),
        requested=num,
        counts=account.counts(),
        score_names=reduction.score_names,
        versions=dict(reduction.versions),
        licences=dict(reduction.licences),
        about=dict(reduction.about),
        origin=dict(reduction.origin),
    )
    return publish(path, store, manifest, ledger, picks)


def publish(path: Path, store: PartStore, manifest: Manifest, ledger: Sequence[str], picks: Sequence[Pick]) -> Manifest:
    """The picked rows and the staged ledger parts are the folder's data set, committed by its manifest, which is told.

    ``manifest`` comes without parts. Old parts are removed only once the new manifest is on disk.
    """
    parts = plan_parts(picks)
    with progress("collecting samples", len(picks), "samples") as meter:
        for name, rows in parts:
            if store.find("samples", name) is None:
                write_samples(store.staged("samples", name), rows, manifest.score_names, meter)
            else:
                meter.advance(len(rows))
    manifest = replace(
        manifest,
        samples=tuple(store.publish("samples", name) for name, _ in parts),
        ledger=tuple(store.publish("ledger", name) for name in ledger),
    )
    store.sync()
    write_manifest(path, manifest)
    store.sweep(manifest)
    return manifest


def _block_paths(folder: BlockFolder, block_size: int) -> Iterator[Path]:
    """Files of blocks from the first on, up to the first that is missing."""
    index = 0
    while folder.find(block := block_at(index, block_size)) is not None:
        yield folder.path_of(block)
        index += 1


def _check_growth(path: Path, before: int, now: int) -> None:
    if now < before:
        raise DatasetError(
            f"the block files of {path} hold {now} kept samples, the data set {before}: some are missing or damaged; "
            "run the command that wrote them again. The data set stays as it is"
        )


def _noted(decided: Iterator[DecidedBlock], account: Account, picks: list[Pick]) -> Iterator[pa.Table]:
    for block in decided:
        account.note(block.ledger)
        picks += block.picks
        yield block.ledger


class Account:
    """Counts and digests over the ledger's rows, in order."""

    def __init__(self) -> None:
        self.identity = hashlib.blake2b(digest_size=16)
        self.content = hashlib.blake2b(digest_size=16)
        self._decisions: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._splits: Counter[str] = Counter()
        self._licences: Counter[str] = Counter()
        self._labels: set[str] = set()
        self._ids: set[str] = set()

    def note(self, ledger: pa.Table) -> None:
        """Adds a block's rows. Raises DatasetError for an id seen before."""
        columns = ("id", "label_id", "decision", "reason", "content_hash", "identity_hash", "split", "licence")
        for row in ledger.select(columns).to_pylist():
            self._note_id(row["id"])
            self._labels.add(row["label_id"])
            decision = row["decision"]
            self._decisions[decision] += 1
            if decision == DROPPED:
                self._reasons[row["reason"]] += 1
            if decision == KEPT:
                self._splits[row["split"]] += 1
                self._licences[row["licence"]] += 1
            reason = row["reason"] if decision == DROPPED else ""
            self.identity.update(_joined((row["id"], row["identity_hash"])))
            self.content.update(_joined((row["id"], decision, reason, row["content_hash"], row["split"])))

    def counts(self) -> Counts:
        """The counts so far."""
        return Counts(
            candidates=sum(self._decisions[decision] for decision in DECISIONS),
            kept=self._decisions[KEPT],
            surplus=self._decisions[SURPLUS],
            dropped=self._decisions[DROPPED],
            failed=self._decisions[FAILED],
            labels=len(self._labels),
            by_split=dict(sorted(self._splits.items())),
            by_reason=dict(self._reasons.most_common()),
            by_licence=dict(sorted(self._licences.items())),
        )

    def _note_id(self, row_id: str) -> None:
        if row_id in self._ids:
            raise DatasetError(f"id {row_id!r} is in two blocks; ids must be unique: give each candidate its own")
        self._ids.add(row_id)


def _joined(words: Sequence[str | None]) -> bytes:
    return "\x1f".join(word or "" for word in words).encode() + b"\x1e"
