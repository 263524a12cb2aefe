"""Work beside a slow stage: the same ends in the same order, full batches, errors raised."""

import threading
import time

import pytest

from posedreamer.errors import RunError
from posedreamer.execution.overlap import overlapped
from posedreamer.execution.stage import GoesOn, Item, go_on, run_stages
from posedreamer.records import Dropped


class Doing:
    """A stage that calls ``what`` for each value, and drops the item for None."""

    version, needs, gives = "1", (), ()

    def __init__(self, name, batch_size, what):
        self.name, self.batch_size, self.what = name, batch_size, what
        self.batches, self.threads = [], set()

    def setup_node(self): ...

    def setup_worker(self): ...

    def process(self, batch):
        self.batches.append(len(batch))
        self.threads.add(threading.get_ident())
        return [self._outcome(item, self.what(item.value)) for item in batch]

    def _outcome(self, item, value):
        if value is None:
            return Dropped(item_id=item.item_id, stage=self.name, reason="odd")
        return GoesOn(items=(Item(item_id=item.item_id, value=value),))


def items(count):
    return [Item(item_id=f"{k}", value=k) for k in range(count)]


def no_thirds(value):
    if value == 7:
        raise ValueError("seven")
    return None if value % 3 == 2 else value * 10


def test_ends_are_those_of_one_loop_in_the_same_order_with_full_batches():
    before, slow, after = Doing("before", 3, no_thirds), Doing("slow", 4, lambda v: v + 1), Doing("after", 2, str)
    pieces = overlapped(items(23), [before], slow, lambda account: go_on(account, [after]))
    whole = run_stages(items(23), [Doing("before", 3, no_thirds), Doing("slow", 4, lambda v: v + 1), after])
    assert [end for piece in pieces for end in piece.ends] == list(whole.ends)
    assert [type(end.outcome).__name__ for end in whole.ends].count("Dropped") == 7
    assert slow.batches[:-1] == [4] * (len(slow.batches) - 1), "refused items leave no hole in a batch"
    assert slow.threads == {threading.get_ident()}
    assert not before.threads & after.threads & slow.threads
    assert overlapped([], [before], slow, lambda account: account) == []


def test_neighbours_work_while_the_slow_stage_does():
    prepared, told = threading.Event(), threading.Event()

    def prepare(value):
        if value == 2:
            prepared.set()
        return value

    def paint(value):
        if value == 0:
            assert prepared.wait(10), "the next item is not prepared while this one is painted"
        if value == 2:
            assert told.wait(10), "the one before is not encoded while this one is painted"
        return value

    def encode(account):
        told.set()
        return account

    assert len(overlapped(items(3), [Doing("before", 1, prepare)], Doing("slow", 1, paint), encode)) == 3


@pytest.mark.parametrize("where", ["before", "slow", "after"])
def test_an_error_that_concerns_every_item_is_raised_and_nothing_more_is_begun(where):
    seen = []

    def breaks(value):
        seen.append(value)
        time.sleep(0.02)
        raise RunError("no disk")

    does = {name: (breaks if name == where else lambda v: v) for name in ("before", "slow", "after")}
    with pytest.raises(RunError, match="no disk"):
        overlapped(
            items(50),
            [Doing("before", 1, does["before"])],
            Doing("slow", 1, lambda value: (time.sleep(0.02), does["slow"](value))[1]),
            lambda account: go_on(account, [Doing("after", 1, does["after"])]),
        )
    assert len(seen) < 10
