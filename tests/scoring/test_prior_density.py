"""The pose prior's density as a column: rare poses are harder; other bodies have none."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from posedreamer.priors.prior import PosePrior
from posedreamer.records import Annotation, Person, Picture
from posedreamer.scoring.prior_density import PriorDensityScorer

Stand = Callable[..., tuple[Picture, Annotation]]


def with_people(label: Annotation, *people: Person) -> Annotation:
    return dataclasses.replace(
        label, people=tuple(dataclasses.replace(label.people[0], person=person) for person in people)
    )


def bent(person: Person, radians: float) -> Person:
    parameters = dict(person.parameters)
    parameters["body_pose"] = parameters["body_pose"] + np.float32(radians)
    return dataclasses.replace(person, parameters=parameters)


def test_a_pose_that_nobody_does_is_harder_and_less_dense(stand: Stand) -> None:
    picture, label = stand(0.0)
    person = label.people[0].person
    labels = [with_people(label, bent(person, by)) for by in (0.0, 0.5, 1.5)]
    scores = PriorDensityScorer().score([picture] * 3, labels)
    densities = [each["prior_log_density"] for each in scores]
    assert densities == sorted(densities, reverse=True)
    assert scores[2]["hardness"] > 1.0
    prior = PosePrior()
    assert scores[0]["prior_log_density"] == pytest.approx(prior.log_density(person.parameters))
    assert scores[0]["hardness"] == pytest.approx(prior.hardness(person.parameters))


def test_the_rarest_of_two_counts(stand: Stand) -> None:
    picture, label = stand(0.0)
    person = label.people[0].person
    both, rare = with_people(label, person, bent(person, 1.5)), with_people(label, bent(person, 1.5))
    assert PriorDensityScorer().score([picture], [both]) == PriorDensityScorer().score([picture], [rare])


def test_labels_of_another_body_have_no_density(stand: Stand) -> None:
    picture, label = stand(0.0)
    other = with_people(label, dataclasses.replace(label.people[0].person, body_model="another"))
    assert PriorDensityScorer().score([picture], [other]) == [{}]
