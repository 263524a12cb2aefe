"""A slow stage that is never kept waiting: what comes before and after it goes on in threads beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from posedreamer.execution.stage import Account, End, Item, Stage, go_on, run_stages

__all__ = ["overlapped"]

T = TypeVar("T")


def overlapped(items: Sequence[Item], before: Sequence[Stage], slow: Stage, after: Callable[[Account], T]) -> list[T]:
    """What ``after`` makes of the items' accounts behind ``slow``, piece by piece, in the order of the items.

    ``slow`` works in the calling thread, on full batches as long as there are any; ``before`` prepares the items of
    the next batch meanwhile in a thread of its own, and ``after`` has what is painted in another. All errors are
    raised as in one loop; then nothing more is begun.
    """
    early, late = ThreadPoolExecutor(1, "before"), ThreadPoolExecutor(1, "after")
    size = slow.batch_size
    try:
        begun = [early.submit(run_stages, items[start : start + size], before) for start in range(0, len(items), size)]
        pieces = _full((future.result() for future in begun), size)
        ended: list[Future[T]] = []
        for piece in pieces:
            ended.append(late.submit(after, go_on(piece, [slow])))
            for future in ended:
                if future.done():
                    future.result()  # raises what it met, before another piece is begun
        return [future.result() for future in ended]
    finally:
        for pool in (early, late):
            pool.shutdown(cancel_futures=True)


def _full(accounts: Iterable[Account], size: int) -> Iterator[Account]:
    """The accounts cut anew, each with ``size`` items that go on, the last with what is left."""
    ends: list[End] = []
    alive = 0
    for end in (end for account in accounts for end in account.ends):
        ends.append(end)
        alive += end.outcome is None
        if alive == size:
            yield Account(ends=tuple(ends))
            ends, alive = [], 0
    if ends:
        yield Account(ends=tuple(ends))
