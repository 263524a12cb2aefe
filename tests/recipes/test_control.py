"""Paired control: one control per condition, from the condition's own seed; a failure is a number."""

import dataclasses

import numpy as np
import pytest

from dataset.dataset_records import make_judged
from posedreamer.errors import MissingWeightsError
from posedreamer.execution.plan import plan_rows
from posedreamer.execution.stage import GoesOn, Item
from posedreamer.generation.protocol import Unpainted
from posedreamer.recipes.control import ControlStage, paired_names, with_control
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.job import score_names
from posedreamer.recipes.stages import build_stages
from posedreamer.records import Picture


@dataclasses.dataclass
class Painter:
    """Paints the job's seed; breaks at the label indices it is told."""

    name: str = "fake"
    revision: str = "1"
    licence: str = "CC0-1.0"
    about: str = "Flat colour."
    source_type: str = "algorithmicMedia"
    batch_size: int = 2
    broken: tuple = ()
    blank: tuple = ()
    error: Exception = dataclasses.field(default_factory=lambda: ValueError("no colour"))
    painted: list = dataclasses.field(default_factory=list)

    def fetch(self):
        pass

    def paint(self, jobs):
        for job in jobs:
            if job.condition.scene.label.index in self.broken:
                raise self.error
        self.painted += [job.condition.condition_id for job in jobs]
        return [
            Unpainted(reason="blank")
            if job.condition.scene.label.index in self.blank
            else Picture(pixels=np.full((4, 4, 3), job.seed % 251, np.uint8))
            for job in jobs
        ]


class Scorer:
    name, version, gives = "level", "1", ("level", "odd")

    def fetch(self):
        pass

    def score(self, pictures, annotations):
        levels = [float(picture.pixels[0, 0, 0]) for picture in pictures]
        return [{"level": level, "odd": 1.0} if level % 2 else {"level": level} for level in levels]


class LabelScorer:
    name, version, gives = "rarity", "1", ("hardness", "phash_low")

    def fetch(self):
        pass

    def score(self, pictures, annotations):
        raise AssertionError("a control is not asked what is known of its label")


def _run(painter, indices=range(5), candidates=3, order=None, more=()):
    items = []
    for index in indices:
        for k in range(candidates):
            judged = make_judged(index, k, scores={"level": float(10 * index + k)})
            items.append(Item(item_id=judged.candidate.id, value=judged))
    stage = ControlStage(
        name="control",
        version="1",
        needs=(),
        gives=(),
        batch_size=64,
        generator=painter,
        scorers=(Scorer(), *more),
        seed=3,
    )
    outcomes = stage.process(items if order is None else [items[k] for k in order])
    assert all(isinstance(outcome, GoesOn) for outcome in outcomes)
    return {outcome.items[0].item_id: dict(outcome.items[0].value.scores) for outcome in outcomes}


def test_candidates_of_a_condition_share_one_control_and_keep_their_own_scores():
    painter = Painter()
    found = _run(painter)
    assert sorted(painter.painted) == sorted(set(painter.painted))
    assert len(painter.painted) == 5
    for index in range(5):
        mine = [scores for name, scores in found.items() if name.startswith(f"{index:08d}")]
        assert len(mine) == 3
        assert len({scores["control_level"] for scores in mine}) == 1
        for k, scores in enumerate(mine):
            assert scores["level"] == 10 * index + k
            assert scores["excess_level"] == scores["level"] - scores["control_level"]
            assert "excess_odd" not in scores, "an excess needs both"
            assert scores["control_failed"] == 0
    assert any("control_odd" in scores for scores in found.values())
    assert any("control_odd" not in scores for scores in found.values())


def test_order_batches_and_number_of_candidates_change_no_control():
    everything = _run(Painter())
    assert _run(Painter(batch_size=5), order=range(14, -1, -1)) == everything
    assert _run(Painter(), candidates=1).items() <= everything.items()


def test_scorers_of_the_label_alone_are_not_asked_again():
    assert _run(Painter(), more=(LabelScorer(),)) == _run(Painter())
    assert paired_names(("hardness", "prior_log_density", "oks")) == ("control_failed", "control_oks", "excess_oks")


def test_a_control_that_fails_is_a_number_and_its_neighbours_have_theirs(caplog):
    found = _run(Painter(broken=(1, 4)))
    for name, scores in found.items():
        is_broken = name.startswith(("00000001", "00000004"))
        assert scores["control_failed"] == is_broken
        assert ("control_level" in scores) == ("excess_level" in scores) == (not is_broken)
        assert "level" in scores
    assert "ValueError: no colour" in caplog.text
    assert _run(Painter(blank=(1, 4))) == found, "no picture is a failed control, too"


@pytest.mark.parametrize("error", [MissingWeightsError("get them"), MemoryError(), OSError(28, "No space left")])
def test_an_error_that_concerns_every_item_stops_the_run(error):
    with pytest.raises(type(error)):
        _run(Painter(broken=(1,), error=error))


def test_a_recipe_with_a_control_has_its_stage_and_its_names_and_one_without_is_as_before():
    plain, paired = load_recipe("demo"), load_recipe("demo", ["control={name: studio}"])
    rows = plan_rows(build_stages(paired, 0), given=("label",))
    assert rows[-1].stage == "control"
    assert "excess_oks" in rows[-1].gives
    assert "studio" in rows[-1].version
    assert score_names(paired) == (*score_names(plain), *paired_names(score_names(plain)))
    assert len(build_stages(plain, 0)) == len(rows) - 1
    assert "control" not in plain.model_dump()
    assert paired_names(("phash_low", "a")) == ("control_failed", "control_a", "excess_a")
    assert "control_phash_low" not in with_control({"phash_low": 1.0}, {"phash_low": 2.0})
    assert with_control({"a": 1.0}, {"a": 0.25, "b": 2.0}) == {
        "a": 1.0, "control_failed": 0.0, "control_a": 0.25, "excess_a": 0.75, "control_b": 2.0
    }  # fmt: skip
