"""People are counted whatever the label says of them: one too many, one too few, hidden ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from posedreamer.records import Annotation, Picture
from posedreamer.scoring.people import PeopleScorer

pytestmark = pytest.mark.network

Load = Callable[[str], tuple[Picture, Annotation]]
Stand = Callable[..., tuple[Picture, Annotation]]


def score(picture: Picture, label: Annotation) -> dict[str, float]:
    return dict(PeopleScorer().score([picture], [label])[0])


def test_one_and_two_people_are_counted(load: Load, stand: Stand) -> None:
    assert score(*stand(0.0)) == {"people_counted": 1.0, "people_extra": 0.0, "people_missing": 0.0}
    assert score(*load("two_people_384x256")) == {"people_counted": 2.0, "people_extra": 0.0, "people_missing": 0.0}


def test_a_person_whom_the_label_lacks_is_extra(load: Load) -> None:
    picture, label = load("two_people_384x256")
    scores = score(picture, dataclasses.replace(label, people=label.people[:1]))
    assert (scores["people_extra"], scores["people_missing"]) == (1.0, 0.0)


def test_a_person_whom_the_picture_lacks_is_missing(stand: Stand) -> None:
    picture, label = stand(0.0)
    scores = score(picture, dataclasses.replace(label, people=label.people * 2))
    assert (scores["people_extra"], scores["people_missing"]) == (0.0, 1.0)


def test_a_person_of_whom_little_is_seen_may_be_counted_or_not(load: Load) -> None:
    picture, label = load("two_people_384x256")
    keypoints = label.people[1].keypoints_2d.copy()
    keypoints[4:, 2] = 1
    hidden = dataclasses.replace(label.people[1], keypoints_2d=keypoints)
    assert score(picture, dataclasses.replace(label, people=(label.people[0], hidden)))["people_extra"] == 0.0
    alone, one_label = load("person_256x256_6")
    both = dataclasses.replace(one_label, people=(*one_label.people, hidden))
    assert score(alone, both)["people_missing"] == 0.0


def test_nobody_is_counted_in_an_empty_picture(load: Load, stand: Stand) -> None:
    assert score(*load("nobody_256x256"))["people_counted"] == 0.0
    picture, label = stand(0.0)
    scores = score(Picture(pixels=np.full_like(picture.pixels, 128)), label)
    assert scores == {"people_counted": 0.0, "people_extra": 0.0, "people_missing": 1.0}


def test_a_second_person_close_to_the_first_is_counted(stand: Stand) -> None:
    """Two halves of one picture side by side: the plain detector sees one of the two."""
    picture, label = stand(0.0)
    shifted = np.roll(picture.pixels, 60, axis=1)
    is_there = np.roll(label.person_id, 60, axis=1) == 0
    both = Picture(pixels=np.where(is_there[..., None], shifted, picture.pixels))
    assert score(both, label)["people_counted"] == 2.0
