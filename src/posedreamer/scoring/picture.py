"""Is the picture itself in order? Sharpness, exposure, colour, flat and broken areas, and a hash for duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy.typing import NDArray

from posedreamer.records import Annotation, Picture
from posedreamer.scoring.fitted import fitted
from posedreamer.scoring.picture_hash import perceptual_hash

__all__ = ["PictureScorer"]

_SIDE_PX: Final = 256
_BLOCK_PX: Final = 8
_FLAT_LEVELS: Final = 2
_DARK, _BRIGHT = 8, 247


class PictureScorer:
    """Numbers of the pixels alone; the label only says where the people are.

    - ``broken_share``: share of the pixels that are not finite numbers; 1 for what is no picture at all.
    - ``sharpness``, ``person_sharpness``: deviation of the luma's Laplacian in levels of 255, of the picture at 256 px
      (so that sizes compare), everywhere and on the label's people (Pech-Pacheco et al. 2000). Blur lowers it, noise
      raises it.
    - ``luma_mean``, ``contrast``: mean and deviation of the luma in [0, 1].
    - ``dark_share``, ``bright_share``: share of the pixels within 8 levels of black and of white.
    - ``saturation``: mean of HSV's S in [0, 1].
    - ``flat_share``, ``person_flat_share``: share of the blocks of 8 x 8 px in which no channel varies by more than 2
      levels, of all and of those on the label's people: a decoder that gave up, a painter that forgot.
    - ``phash_high``, ``phash_low``: the perceptual hash (``picture_hash``) in two whole numbers below 2^32, which
      float64 holds exactly. For comparison bit by bit, never for a threshold.

    Those of the person are absent where the label's people have no pixels, or no whole block of them.
    """

    name = "picture"
    version = "1"
    gives = (
        *("broken_share", "sharpness", "person_sharpness", "luma_mean", "contrast", "dark_share", "bright_share"),
        *("saturation", "flat_share", "person_flat_share", "phash_high", "phash_low"),
    )

    def fetch(self) -> None:
        """Nothing to fetch."""

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> list[Mapping[str, float]]:
        """One mapping per picture, in order."""
        return [_scores(picture, label) for picture, label in zip(pictures, annotations, strict=True)]


def _scores(picture: Picture, label: Annotation) -> Mapping[str, float]:
    broken = _broken_share(picture.pixels)
    picture, label = fitted(picture, label)
    pixels, is_person = picture.pixels, label.person_id >= 0
    scale = min(1.0, _SIDE_PX / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    people = np.asarray(cv2.resize(is_person.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)) > 0
    hashed = perceptual_hash(pixels)
    return {
        "broken_share": broken,
        **_sharpness(small, people),
        **_exposure(small),
        **_flatness(pixels, is_person),
        "phash_high": float(hashed >> 32),
        "phash_low": float(hashed & 0xFFFFFFFF),
    }


def _broken_share(pixels: NDArray[Any]) -> float:
    if pixels.ndim not in (2, 3) or 0 in pixels.shape or pixels.dtype.kind not in "buif":
        return 1.0
    is_whole = np.isfinite(pixels)
    return 1.0 - float((is_whole if pixels.ndim == 2 else is_whole.all(axis=2)).mean())


def _sharpness(pixels: UInt8[np.ndarray, "h w 3"], people: Bool[np.ndarray, "h w"]) -> dict[str, float]:
    edges: Float32[np.ndarray, "h w"] = np.asarray(cv2.Laplacian(_luma(pixels), cv2.CV_32F))
    scores = {"sharpness": float(edges.std())}
    return scores | ({"person_sharpness": float(edges[people].std())} if people.any() else {})


def _exposure(pixels: UInt8[np.ndarray, "h w 3"]) -> dict[str, float]:
    luma = _luma(pixels)
    saturation = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV))[..., 1]
    return {
        "luma_mean": float(luma.mean()) / 255.0,
        "contrast": float(luma.std()) / 255.0,
        "dark_share": float((luma <= _DARK).mean()),
        "bright_share": float((luma >= _BRIGHT).mean()),
        "saturation": float(saturation.mean()) / 255.0,
    }


def _flatness(pixels: UInt8[np.ndarray, "h w 3"], is_person: Bool[np.ndarray, "h w"]) -> dict[str, float]:
    rows, columns = (max(1, side // _BLOCK_PX) for side in pixels.shape[:2])
    tall, wide = min(_BLOCK_PX, pixels.shape[0]), min(_BLOCK_PX, pixels.shape[1])
    blocks = pixels[: rows * tall, : columns * wide].reshape(rows, tall, columns, wide, 3)
    # rows first: there numpy compares whole rows at once
    spread = blocks.max(axis=1).max(axis=2).astype(np.int16) - blocks.min(axis=1).min(axis=2)
    is_flat = (spread <= _FLAT_LEVELS).all(axis=2)
    people = is_person[: rows * tall, : columns * wide].reshape(rows, tall, columns, wide).all(axis=(1, 3))
    scores = {"flat_share": float(is_flat.mean())}
    return scores | ({"person_flat_share": float(is_flat[people].mean())} if people.any() else {})


def _luma(pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w"]:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
