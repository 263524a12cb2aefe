"""One look per picture and process."""

from __future__ import annotations

import numpy as np
import pytest

from posedreamer.estimators import memo as memos
from posedreamer.estimators.memo import PictureMemo, people_in, picture_key
from posedreamer.records import Picture


def test_the_same_question_is_looked_up_and_another_is_not() -> None:
    memo, looks = PictureMemo(), []

    def ask(key: str) -> str:
        return memo.answer(key, lambda: looks.append(key) or key.upper(), len)

    assert [ask("a"), ask("b"), ask("a")] == ["A", "B", "A"]
    assert looks == ["a", "b"]


def test_the_oldest_is_forgotten_when_the_budget_is_full() -> None:
    memo, looks = PictureMemo(budget_bytes=25_000), []

    def ask(key: int) -> int:
        return memo.answer(key, lambda: looks.append(key) or key, lambda _: 6_000)

    assert [ask(key) for key in (1, 2, 1, 3, 1, 2)] == [1, 2, 1, 3, 1, 2]
    assert looks == [1, 2, 3, 2]
    assert len(memo) == 2


def test_an_answer_above_the_whole_budget_is_still_given() -> None:
    memo = PictureMemo(budget_bytes=10)
    assert [memo.answer(key, lambda: "large", lambda _: 10**9) for key in (1, 1, 2)] == ["large"] * 3
    assert len(memo) == 1


def test_keys_know_pixels_and_shape() -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    changed = pixels.copy()
    changed[0, 0, 0] += 1
    keys = [picture_key(each) for each in (pixels, changed, pixels.reshape(2, 8, 3), pixels[::-1])]
    assert len(set(keys)) == 4
    assert picture_key(np.asfortranarray(pixels)) == keys[0]


@pytest.mark.network
def test_blazepose_looks_once_at_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    class Counting:
        def detect(self, picture: Picture, *question: object) -> tuple[()]:
            looks.append(question)
            return ()

    monkeypatch.setattr(memos, "blazepose", Counting)
    empty = PictureMemo()
    monkeypatch.setattr(memos, "memo", lambda: empty)
    pixels = np.full((8, 8, 3), 7, dtype=np.uint8)
    box = np.array([0.0, 0.0, 4.0, 4.0])
    for boxes in ([], [], [box], [box]):
        assert people_in(Picture(pixels=pixels.copy()), 1, boxes) == ()
    assert len(looks) == 2
