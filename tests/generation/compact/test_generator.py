from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generation.compact.tiny import tiny_weights
from posedreamer.errors import InputError, MissingWeightsError
from posedreamer.generation.compact.generator import CompactGenerator
from posedreamer.generation.protocol import PaintJob
from posedreamer.records import Condition
from studio.conditions import condition


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_weights(tmp_path_factory.mktemp("weights") / "tiny.safetensors"))


@pytest.fixture(scope="module")
def shown() -> Condition:
    plain = condition(size=(256, 256))
    return replace(plain, caption=replace(plain.caption, text="a photo of a woman in a red shirt"))


def jobs_of(shown: Condition, count: int) -> list[PaintJob]:
    return [PaintJob(condition=shown, candidate_index=k, seed=100 + k) for k in range(count)]


def paint(weights: str, jobs: list[PaintJob], **options: object) -> np.ndarray:
    generator = CompactGenerator(weights=weights, **{"steps": 2, "batch_size": 2, **options})  # type: ignore[arg-type]
    return np.stack([picture.pixels for picture in generator.paint(jobs)])


def test_a_short_batch_is_filled_up_and_changes_nothing(weights: str, shown: Condition) -> None:
    jobs = jobs_of(shown, 3)
    together = paint(weights, jobs)
    for k, job in enumerate(jobs):
        assert np.array_equal(together[k], paint(weights, [job])[0])


def test_candidates_of_one_condition_differ(weights: str, shown: Condition) -> None:
    first, second = paint(weights, jobs_of(shown, 2))
    assert np.abs(first.astype(int) - second).mean() > 1.0


@pytest.mark.parametrize(
    "option", [{"steps": 3}, {"finishing_steps": 4}, {"guidance": 4.0}, {"controls": "depth"}, {"controls": "none"}]
)
def test_every_option_reaches_the_picture_and_the_revision(
    weights: str, shown: Condition, option: dict[str, object]
) -> None:
    jobs = jobs_of(shown, 1)
    assert not np.array_equal(paint(weights, jobs), paint(weights, jobs, **option))
    plain = CompactGenerator(weights=weights)
    assert replace(plain, **option).revision != plain.revision  # type: ignore[arg-type]


def test_the_caption_reaches_the_picture(weights: str, shown: Condition) -> None:
    other = replace(shown, caption=replace(shown.caption, text="a man in blue jeans"))
    one, two = (paint(weights, jobs_of(each, 1), guidance=1.0)[0] for each in (shown, other))
    assert np.abs(one.astype(int) - two).max() > 10


def test_a_condition_of_another_size_is_refused(weights: str) -> None:
    with pytest.raises(InputError, match=r"256 x 256.*96 x 160"):
        paint(weights, jobs_of(condition(size=(96, 160)), 1))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"finishing_steps": 0}, "finishing_steps is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"guidance": -1.0}, "guidance is -1"),
        ({"guidance": float("nan")}, "guidance is nan"),
        ({"controls": "dept"}, "did you mean 'depth'|Did you mean"),
    ],
)
def test_settings_that_paint_nothing_are_refused(option: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        CompactGenerator(**option)  # type: ignore[arg-type]


def test_missing_weights_stop_a_run_before_it_starts(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match="train compact"):
        CompactGenerator(weights=str(tmp_path / "none.safetensors")).fetch()
