"""The package's own weights: small, described, and a judge finds the label in their pictures."""

from __future__ import annotations

from itertools import count, islice

import numpy as np
import pytest

from posedreamer.generation.compact.generator import CompactGenerator
from posedreamer.generation.compact.weights import BUILT_IN, load_model
from posedreamer.generation.protocol import PaintJob
from posedreamer.recipes.conditions import RecipeConditions
from posedreamer.scoring.blazepose import BlazePoseScorer


def test_the_weights_are_small_and_say_how_they_were_trained() -> None:
    assert BUILT_IN.stat().st_size <= 24e6
    card = load_model(BUILT_IN, "cpu").card
    assert card["training"]["seen"] > 10_000
    assert card["training"]["made"] > 1_000
    assert card["minutes"] > 1


@pytest.mark.slow
def test_a_judge_finds_the_label_in_its_pictures_and_not_without_controls() -> None:
    source = RecipeConditions(recipe="demo", seed=31)
    conditions = list(islice((each for index in count() if (each := source(index)) is not None), 8))
    jobs = [PaintJob(condition=each, candidate_index=0, seed=9) for each in conditions]
    labels = [each.annotation for each in conditions]

    def oks(controls: str) -> np.ndarray:
        pictures = CompactGenerator(controls=controls).paint(jobs)
        return np.array([scores.get("oks", 0.0) for scores in BlazePoseScorer().score(pictures, labels)])

    assert np.median(oks("all")) > 0.7
    assert np.median(oks("none")) < 0.4
