import errno
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posedreamer.errors import MissingWeightsError, RecipeError, RunError
from posedreamer.execution.plan import plan_rows
from posedreamer.execution.stage import GoesOn, Item, run_stages, set_up_worker
from posedreamer.records import Dropped, Failed


@dataclass
class FakeStage:
    """Does to each item what ``act`` says; remembers its batches."""

    act: object
    name: str = "fake"
    version: str = "1"
    needs: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    batch_size: int = 4
    batches: list = field(default_factory=list)
    ready: bool = False

    def setup_node(self):
        pass

    def setup_worker(self):
        self.ready = True

    def process(self, batch):
        self.batches.append([item.item_id for item in batch])
        return [self.act(item) for item in batch]


def items(n):
    return [Item(item_id=f"i{k:03d}", value=k) for k in range(n)]


def on(item):
    return GoesOn(items=(Item(item_id=item.item_id, value=item.value + 1),))


def raiser(error, at):
    def act(item):
        if item.value in at:
            raise error
        return on(item)

    return act


def test_batches_keep_order_and_size():
    stage = FakeStage(on)
    account = run_stages(items(10), [stage])
    assert [len(batch) for batch in stage.batches] == [4, 4, 2]
    assert [item.value for item in account.done] == list(range(1, 11))


@given(
    st.lists(st.sampled_from(["on", "drop", "fail", "raise", "split"]), max_size=30),
    st.integers(1, 7),
)
def test_every_item_ends_exactly_once_whatever_happens(fates, batch_size):
    def act(item):
        fate = fates[item.value]
        if fate == "drop":
            return Dropped(item_id=item.item_id, stage="a", reason="r")
        if fate == "fail":
            return Failed(item_id=item.item_id, stage="a", error="e")
        if fate == "raise":
            raise ValueError("bad")
        if fate == "split":
            return GoesOn(items=tuple(Item(item_id=f"{item.item_id}-{k}", value=0) for k in range(3)))
        return on(item)

    stages = [FakeStage(act, name="a", batch_size=batch_size), FakeStage(on, name="b", batch_size=3)]
    account = run_stages(items(len(fates)), stages)
    assert len(account.done) == fates.count("on") + 3 * fates.count("split")
    assert len(account.dropped) == fates.count("drop")
    assert len(account.failed) == fates.count("fail") + fates.count("raise")
    ids = [end.item.item_id for end in account.ends]
    assert len(set(ids)) == len(ids) == len(account.done) + len(account.dropped) + len(account.failed)
    assert ids == sorted(ids)
    assert {end.item.item_id[:4] for end in account.ends} == {item.item_id for item in items(len(fates))}


def test_an_exception_fails_the_culprit_alone():
    stage = FakeStage(raiser(ValueError("bone"), {2, 5}))
    account = run_stages(items(8), [stage])
    assert [failed.item_id for failed in account.failed] == ["i002", "i005"]
    assert account.failed[0].error == "ValueError: bone"
    assert account.failed[0].stage == "fake"
    assert len(account.done) == 6


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        SystemExit(1),
        MemoryError(),
        OSError(errno.ENOSPC, "full"),
        MissingWeightsError("no weights"),
        RecipeError("bad recipe"),
    ],
)
def test_what_concerns_every_item_is_not_swallowed(error):
    with pytest.raises(type(error)):
        run_stages(items(8), [FakeStage(raiser(error, {3}))])


def test_another_os_error_fails_one_item():
    account = run_stages(items(3), [FakeStage(raiser(OSError(errno.ENOENT, "gone"), {1}))])
    assert [failed.item_id for failed in account.failed] == ["i001"]


def test_wrong_count_nothing_and_shared_ids_are_errors():
    short = FakeStage(on)
    short.process = lambda batch: [on(item) for item in batch[1:]]
    with pytest.raises(RunError, match="'fake' returned 3 outcomes for 4 items"):
        run_stages(items(8), [short])
    with pytest.raises(RunError, match="go on as nothing"):
        run_stages(items(1), [FakeStage(lambda item: GoesOn(items=()))])
    with pytest.raises(RunError, match="share an id"):
        run_stages(items(2), [FakeStage(lambda item: GoesOn(items=(Item(item_id="same", value=0),)))])


def test_workers_are_set_up():
    stage = FakeStage(on)
    set_up_worker([stage])
    assert stage.ready


def test_a_plan_names_the_stage_and_the_need_that_is_not_met():
    scene = FakeStage(on, name="scene", needs=("label",), gives=("mesh", "camera"))
    paint = FakeStage(on, name="paint", needs=("mesh", "caption"), gives=("picture",))
    caption = FakeStage(on, name="caption", needs=("mesh",), gives=("caption",))
    rows = plan_rows([scene, caption, paint], ["label"])
    assert [row.stage for row in rows] == ["scene", "caption", "paint"]
    assert rows[2].needs == ("mesh", "caption")
    with pytest.raises(RecipeError, match="'paint' needs 'caption'"):
        plan_rows([scene, paint, caption], ["label"])
    with pytest.raises(RecipeError, match="two stages"):
        plan_rows([scene, scene], ["label"])
