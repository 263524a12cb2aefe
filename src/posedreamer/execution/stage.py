"""Stages of a block and the account of its items: each ends exactly once, as done, dropped or failed."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from posedreamer.errors import MissingExtraError, MissingWeightsError, RecipeError, RunError
from posedreamer.records import Dropped, Failed

__all__ = [
    "Account",
    "End",
    "GoesOn",
    "Item",
    "Outcome",
    "Stage",
    "concerns_all",
    "go_on",
    "run_stages",
    "set_up_worker",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something with an id that passes through stages; ``value`` is any record."""

    item_id: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class GoesOn:
    """The item lives on as these items: one, or several where a stage makes more (candidates of a condition).

    ``dropped`` are those that it would have become and that were refused in the making, or failed, each under its own
    id.
    """

    items: tuple[Item, ...]
    dropped: tuple[Dropped | Failed, ...] = ()


Outcome = GoesOn | Dropped | Failed
"""What a stage says of one item."""


@runtime_checkable
class Stage(Protocol):
    """One step of a block's work. It is built from plain config in the process that uses it."""

    @property
    def name(self) -> str:
        """Written beside every item that ends here."""
        ...

    @property
    def version(self) -> str:
        """Changes when any outcome changes."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Names that earlier stages must have given."""
        ...

    @property
    def gives(self) -> tuple[str, ...]:
        """Names that hold from here on."""
        ...

    @property
    def batch_size(self) -> int:
        """The most items ``process`` wants at once."""
        ...

    def setup_node(self) -> None:
        """Called once per machine before any work: fetch weights, check files."""
        ...

    def setup_worker(self) -> None:
        """Called once per process before its first batch: load models."""
        ...

    def process(self, batch: Sequence[Item]) -> Sequence[Outcome]:
        """One outcome per item, in order. An exception fails items one by one, never the whole batch."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How one item ended: ``outcome`` is None for one that passed every stage; ``item`` is as it last was."""

    item: Item
    outcome: Dropped | Failed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Every item exactly once, in the order it came in (the items one became stand where it stood)."""

    ends: tuple[End, ...]

    @property
    def done(self) -> tuple[Item, ...]:
        """Items that passed every stage."""
        return tuple(end.item for end in self.ends if end.outcome is None)

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """Refusals, each with stage and reason."""
        return tuple(end.outcome for end in self.ends if isinstance(end.outcome, Dropped))

    @property
    def failed(self) -> tuple[Failed, ...]:
        """Failures, each with stage and error."""
        return tuple(end.outcome for end in self.ends if isinstance(end.outcome, Failed))


def set_up_worker(stages: Sequence[Stage]) -> None:
    """Every stage is ready to process in this process."""
    for stage in stages:
        stage.setup_worker()


def run_stages(items: Sequence[Item], stages: Sequence[Stage]) -> Account:
    """Runs items through stages, each stage in batches of its own size.

    An exception in a batch is met by trying its items one at a time; only those that raise again have failed. A full
    disk, lack of memory, a missing weight or package and a wrong recipe concern every item and are raised.

    Raises RunError when a stage returns the wrong number of outcomes or when two items share an id.
    """
    return go_on(Account(ends=tuple(End(item=item, outcome=None) for item in items)), stages)


def go_on(account: Account, stages: Sequence[Stage]) -> Account:
    """The account after more stages: what ended before stays as it ended. Raises as ``run_stages``."""
    ends = list(account.ends)
    for stage in stages:
        _check_ids(ends, stage.name)
        ends = _pass(ends, stage)
    _check_ids(ends, "the end")
    return Account(ends=tuple(ends))


def _pass(ends: Sequence[End], stage: Stage) -> list[End]:
    alive = [end.item for end in ends if end.outcome is None]
    outcomes: list[Outcome] = []
    for start in range(0, len(alive), stage.batch_size):
        outcomes += _process(stage, alive[start : start + stage.batch_size])
    following = iter(outcomes)
    passed: list[End] = []
    for end in ends:
        if end.outcome is not None:
            passed.append(end)
            continue
        outcome = next(following)
        if isinstance(outcome, GoesOn):
            passed += [End(item=item, outcome=None) for item in outcome.items]
            refused = [Item(item_id=each.item_id, value=end.item.value) for each in outcome.dropped]
            passed += [End(item=item, outcome=each) for item, each in zip(refused, outcome.dropped, strict=True)]
        else:
            passed.append(End(item=end.item, outcome=outcome))
    return passed


def _process(stage: Stage, batch: Sequence[Item]) -> list[Outcome]:
    try:
        return _checked(stage, batch)
    except Exception as error:
        if concerns_all(error):
            raise
        if len(batch) == 1:
            return [Failed(item_id=batch[0].item_id, stage=stage.name, error=f"{type(error).__name__}: {error}")]
    return [outcome for item in batch for outcome in _process(stage, [item])]


def _checked(stage: Stage, batch: Sequence[Item]) -> list[Outcome]:
    outcomes = list(stage.process(batch))
    if len(outcomes) != len(batch):
        raise RunError(
            f"stage {stage.name!r} returned {len(outcomes)} outcomes for {len(batch)} items; "
            "a stage must return one outcome per item, in order"
        )
    for item, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, GoesOn) and not outcome.items and not outcome.dropped:
            raise RunError(
                f"stage {stage.name!r} let {item.item_id!r} go on as nothing; return Dropped with a reason instead"
            )
    return outcomes


def concerns_all(error: Exception) -> bool:
    """Whether an error met at one item would meet every other one too: a full disk, no memory, a wrong recipe."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, (MemoryError, RunError, RecipeError, MissingWeightsError, MissingExtraError))


def _check_ids(ends: Sequence[End], where: str) -> None:
    counts = Counter(end.item.item_id for end in ends)
    twice = [item_id for item_id, count in counts.items() if count > 1]
    if twice:
        raise RunError(f"{len(twice)} items share an id before {where}, first {twice[0]!r}; ids must be unique")
