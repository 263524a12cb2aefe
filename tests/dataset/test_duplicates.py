"""Pictures that look the same by their hashes."""

import numpy as np
import pytest

from posedreamer.dataset.decisions import NEAR_DUPLICATE, Decider, Gate
from posedreamer.dataset.duplicates import NearDuplicates
from posedreamer.errors import RecipeError

RULE = NearDuplicates(scores=("high", "low"), within_bits=3)


def _scores(word):
    return {"high": float(word >> 32), "low": float(word & 0xFFFFFFFF)}


def _flipped(word, bits, rng):
    for bit in rng.choice(64, bits, replace=False):
        word ^= 1 << int(bit)
    return word


@pytest.mark.parametrize("bits", range(7))
def test_a_hash_is_near_up_to_the_distance_wherever_its_bits_differ(bits):
    rng = np.random.default_rng(bits)
    for _ in range(40):
        word = int(rng.integers(0, 2**63))
        index = RULE.index()
        index.add(_scores(word))
        assert index.has_near(_scores(_flipped(word, bits, rng))) == (bits <= 3)


def test_among_many_the_index_finds_what_comparing_all_finds():
    rng = np.random.default_rng(1)
    words = [int(w) for w in rng.integers(0, 2**20, 300)]
    index, kept = RULE.index(), []
    for word in words:
        assert index.has_near(_scores(word)) == any((word ^ other).bit_count() <= 3 for other in kept)
        if not index.has_near(_scores(word)):
            index.add(_scores(word))
            kept.append(word)
    assert 1 < len(kept) < 300


def test_the_first_of_two_alike_stays_and_rows_without_a_hash_are_nobodys_double():
    decider = Decider(Gate(decide=lambda scores, facts: (True, ""), near=RULE), 100)

    def row(k, scores):
        return {"content_hash": str(k), "scores": scores}

    assert decider.decide(row(0, _scores(0b0))) == ("kept", "")
    assert decider.decide(row(1, _scores(0b1))) == ("dropped", NEAR_DUPLICATE)
    assert decider.decide(row(2, _scores(0b1111))) == ("kept", "")
    assert decider.decide(row(3, {"high": 0.0, "low": None})) == ("kept", "")
    assert decider.decide(row(4, {})) == ("kept", "")


def test_wrong_hashes_and_distances_are_refused():
    with pytest.raises(RecipeError, match="within_bits 64"):
        NearDuplicates(scores=("high", "low"), within_bits=64)
    with pytest.raises(RecipeError, match="at least one column"):
        NearDuplicates(scores=())
    for value in (0.5, -1.0, 2.0**32):
        with pytest.raises(RecipeError, match="expected a whole number"):
            RULE.index().has_near({"high": value, "low": 0.0})
