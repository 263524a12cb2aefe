"""Pictures that look the same by the cosine of their embeddings: as comparing all with all says, however batched."""

import numpy as np
import pytest

from posedreamer.dataset.decisions import NEAR_DUPLICATE, Decider, Gate
from posedreamer.dataset.duplicates import AnyNear, NearDuplicates
from posedreamer.dataset.embeddings import NearEmbeddings
from posedreamer.errors import RecipeError
from posedreamer.geometry.packed import COMPONENTS, packed, unpacked

NAMES = tuple(f"e{place}" for place in range(8))
RULE = NearEmbeddings(scores=NAMES, min_cosine=0.95)


def _scores(vector):
    return dict(zip(NAMES, packed(vector).tolist(), strict=True))


def _turned(vector, cosine, rng):
    """A vector at this cosine from the first."""
    aside = rng.normal(size=COMPONENTS)
    aside -= aside @ vector / (vector @ vector) * vector
    aside *= np.linalg.norm(vector) / np.linalg.norm(aside)
    return cosine * vector + np.sqrt(1.0 - cosine**2) * aside


def _crowd(rng, families, each):
    """Vectors in families of near ones, shuffled."""
    centres = rng.normal(size=(families, COMPONENTS))
    found = [_turned(centre, rng.uniform(0.93, 1.0), rng) for centre in centres for _ in range(each)]
    return [found[place] for place in rng.permutation(len(found))]


def _kept_by_all_pairs(vectors):
    steps = unpacked(np.stack([packed(each) for each in vectors])).astype(np.float64)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    kept = []
    for place, one in enumerate(steps):
        if all(one @ steps[other] < 0.95 - 1e-6 for other in kept):
            kept.append(place)
    return kept


@pytest.mark.parametrize(("cosine", "is_near"), [(1.0, True), (0.99, True), (0.96, True), (0.93, False), (0.5, False)])
def test_a_picture_is_near_down_to_the_cosine(cosine, is_near):
    rng = np.random.default_rng(0)
    for _ in range(20):
        vector = rng.normal(size=COMPONENTS)
        index = RULE.index()
        index.add(_scores(vector))
        assert index.has_near(_scores(_turned(vector, cosine, rng) * rng.uniform(0.1, 10))) == is_near
        assert not index.has_near(_scores(-vector)), "a direction and its opposite are far apart"


@pytest.mark.parametrize("few", [0, 1, 7, 64, 2000])
def test_whatever_the_batches_the_kept_are_those_of_comparing_all_pairs(few, monkeypatch):
    monkeypatch.setattr("posedreamer.dataset.embeddings._CHUNK", 50)
    monkeypatch.setattr("posedreamer.dataset.embeddings._FIRST", 4)
    vectors = _crowd(np.random.default_rng(1), 60, 10)
    decider = Decider(Gate(decide=lambda scores, facts: (True, ""), near=RULE), 10_000)
    rows = [{"content_hash": str(place), "scores": _scores(each)} for place, each in enumerate(vectors)]
    kept = []
    for start in range(0, len(rows), few or len(rows)):
        if few:
            decider.look_ahead(rows[start : start + few])
        for place, row in enumerate(rows[start : start + (few or len(rows))], start):
            decision, reason = decider.decide(row)
            assert (decision, reason) in (("kept", ""), ("dropped", NEAR_DUPLICATE))
            kept += [place] if decision == "kept" else []
    assert kept == _kept_by_all_pairs(vectors)
    assert 60 <= len(kept) < 500


def test_rows_without_an_embedding_are_nobodys_double():
    index = RULE.index()
    scores = _scores(np.random.default_rng(2).normal(size=COMPONENTS))
    for absent in ({}, {**scores, "e3": None}):
        index.add({name: value for name, value in absent.items() if value is not None})
        assert not index.has_near({name: value for name, value in absent.items() if value is not None})
    index.add(_scores(np.zeros(COMPONENTS)))
    assert not index.has_near(scores)
    assert not index.has_near(_scores(np.zeros(COMPONENTS)))


def test_of_two_rules_either_finds_a_double():
    rng = np.random.default_rng(3)
    vector, other = rng.normal(size=(2, COMPONENTS))
    index = AnyNear((NearDuplicates(scores=("high",), within_bits=2), RULE)).index()
    index.add({**_scores(vector), "high": 0.0})
    rows = [{**_scores(vector), "high": 255.0}, {**_scores(other), "high": 1.0}, {**_scores(other), "high": 255.0}]
    index.look_ahead(rows)
    assert [index.has_near(row) for row in rows] == [True, True, False]


def test_wrong_numbers_columns_and_cosines_are_refused():
    with pytest.raises(RecipeError, match="expected 8 columns"):
        NearEmbeddings(scores=("a",), min_cosine=0.9)
    with pytest.raises(RecipeError, match="min_cosine 0"):
        NearEmbeddings(scores=NAMES, min_cosine=0.0)
    for value in (0.5, -1.0, 2.0**48):
        with pytest.raises(RecipeError, match="expected a whole number"):
            RULE.index().has_near({**_scores(np.ones(COMPONENTS)), "e0": value})
