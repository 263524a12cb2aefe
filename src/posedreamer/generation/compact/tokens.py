"""Captions as token numbers: a byte-level BPE (Hugging Face ``tokenizers``) trained on the project's own captions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Int64
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

__all__ = ["PAD", "encode_captions", "train_tokenizer"]

PAD = 0
"""The token that fills short captions up."""


def train_tokenizer(captions: Iterable[str], words: int) -> Tokenizer:
    """A lower-case byte-level BPE with at most ``words`` entries; it can encode any text, known or not."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=words,
        min_frequency=2,
        special_tokens=["<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(captions, trainer)
    return tokenizer


def encode_captions(tokenizer: Tokenizer, captions: Sequence[str], length: int) -> Int64[np.ndarray, "b n"]:
    """Token rows of one length, PAD behind short captions; what goes beyond ``length`` tokens is not read.

    An empty caption is a single PAD-free token row: the text is "a photo" then, as training drops captions to it.
    """
    rows = [encoding.ids[:length] for encoding in tokenizer.encode_batch([text or NO_TEXT for text in captions])]
    tokens = np.full((len(rows), length), PAD, dtype=np.int64)
    for row, ids in zip(tokens, rows, strict=True):
        row[: len(ids)] = ids
    return tokens


NO_TEXT = "a photo"
