"""COCO run-length masks: the exact text that pycocotools writes and reads, without needing it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int64

from posedreamer.errors import DatasetError

__all__ = ["decode_mask", "encode_mask"]

_OFFSET = 48
_DIFFERENCE_FROM = 3


def encode_mask(mask: Bool[np.ndarray, "h w"]) -> str:
    """COCO's compressed counts of a mask, column by column, first run counting zeros."""
    return _text_of(_runs(mask))


def decode_mask(counts: str, height: int, width: int) -> Bool[np.ndarray, "{height} {width}"]:
    """The mask that ``counts`` describes.

    Raises DatasetError when the text is cut short or its runs do not fill height x width pixels.
    """
    runs = _runs_of(counts)
    if runs.sum() != height * width or (runs < 0).any():
        raise DatasetError(
            f"mask counts describe {int(runs.sum())} pixels, expected {height} x {width} = {height * width}; "
            "the file is damaged: restore it or generate it again"
        )
    values = np.arange(len(runs)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


def _runs(mask: Bool[np.ndarray, "h w"]) -> Int64[np.ndarray, " n"]:
    flat = np.ravel(mask, order="F")
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]])).astype(np.int64)
    if flat.size and flat[0]:
        return np.concatenate([np.zeros(1, dtype=np.int64), runs])
    return runs


def _text_of(runs: Int64[np.ndarray, " n"]) -> str:
    """Five bits a character, least first; from the fourth run on, the difference to the run two before."""
    deltas = runs.copy()
    deltas[_DIFFERENCE_FROM:] -= runs[_DIFFERENCE_FROM - 2 : -2]
    characters: list[str] = []
    for value in deltas.tolist():
        rest = value
        while True:
            low = rest & 0x1F
            rest >>= 5
            more = rest != (-1 if low & 0x10 else 0)
            characters.append(chr((low | 0x20 if more else low) + _OFFSET))
            if not more:
                break
    return "".join(characters)


def _runs_of(counts: str) -> Int64[np.ndarray, " n"]:
    runs: list[int] = []
    value = shift = 0
    for character in counts:
        code = ord(character) - _OFFSET
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:
            continue
        if code & 0x10:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) >= _DIFFERENCE_FROM else 0))
        value = shift = 0
    if shift:
        raise DatasetError("mask counts end in the middle of a number; the file is damaged: restore or regenerate it")
    return np.array(runs, dtype=np.int64)
