from __future__ import annotations

import numpy as np
import pytest

from posedreamer.generation.compact.tokens import PAD, encode_captions, train_tokenizer

TOKENIZER = train_tokenizer(["a photo of a woman in a red shirt", "a man in blue jeans on a beach"] * 3, 320)


def test_known_words_are_whole_tokens() -> None:
    assert int((encode_captions(TOKENIZER, ["red shirt"], 12) != PAD).sum()) == 2


@pytest.mark.parametrize("text", ["zeppelin", "ein Zeppelin über Köln", "写真", "🙂", "\x00\n"])
def test_unknown_words_are_read_piece_by_piece(text: str) -> None:
    tokens = encode_captions(TOKENIZER, [text], 24)
    assert (tokens != PAD).any()
    assert TOKENIZER.decode([int(token) for token in tokens[0] if token != PAD]).strip() == text.lower().strip()


def test_case_does_not_matter() -> None:
    assert np.array_equal(*(encode_captions(TOKENIZER, [text], 12) for text in ("A Red SHIRT", "a red shirt")))


def test_short_captions_are_padded_and_long_ones_cut() -> None:
    tokens = encode_captions(TOKENIZER, ["a", "a photo of a woman in a red shirt"], 4)
    assert tokens.shape == (2, 4)
    assert (tokens[0, 1:] == PAD).all()
    assert (tokens[1] != PAD).all()


def test_no_caption_is_still_one_token_at_least() -> None:
    assert (encode_captions(TOKENIZER, [""], 4)[0] != PAD).any()
