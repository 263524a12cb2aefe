from __future__ import annotations

import numpy as np
import pytest

from posedreamer.errors import RecipeError
from posedreamer.labels.prior import PriorSource


def test_a_label_is_its_own_clip_with_a_free_licence() -> None:
    label = PriorSource({"walking": 1.0}).label(3, 5)
    assert label.clip == label.label_id
    assert label.source == "prior"
    assert label.licence == "CC0-1.0"
    assert label.people[0].action == "walking"
    assert (label.index, label.seed, len(label.people)) == (3, 5, 1)


def test_two_people_are_two_and_stand_apart() -> None:
    source = PriorSource({"standing": 1.0}, people=2)
    for index in range(4):
        first, second = source.label(index, 0).people
        gap = np.linalg.norm(first.parameters["transl"][:2] - second.parameters["transl"][:2])
        assert 0.2 < gap < 2.5


def test_the_second_person_comes_as_often_as_asked() -> None:
    source = PriorSource({"standing": 1.0}, two_people=0.5)
    counts = [len(source.label(index, 0).people) for index in range(14)]
    assert 2 <= counts.count(2) <= 12
    assert all(len(PriorSource({"standing": 1.0}).label(index, 0).people) == 1 for index in range(3))


def test_options_change_the_digest() -> None:
    digests = {
        PriorSource().digest,
        PriorSource({"walking": 1.0}).digest,
        PriorSource({"walking": 2.0, "lying": 1.0}).digest,
        PriorSource(two_people=0.1).digest,
    }
    assert len(digests) == 4
    assert PriorSource(people=2).digest == PriorSource(two_people=1.0).digest


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"people": 3}, "expected 1 or 2"),
        ({"two_people": 1.5}, "probability from 0 to 1"),
        ({"families": {"runing": 1.0}}, 'Did you mean "running"'),
    ],
)
def test_wrong_options_are_one_clear_error(options: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        PriorSource(**options)  # type: ignore[arg-type]
