"""Whether a picture has the colours that its caption names, judged as the studio's own light renders them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float64, UInt8

from posedreamer.errors import InputError
from posedreamer.records import REGIONS, Appearance

__all__ = ["GARMENTS", "MIN_GARMENT_PX", "ColourChart", "colour_words", "garment_lab", "garment_masks"]

GARMENTS: Final = ("top", "bottom", "shoes", "hair")
MIN_GARMENT_PX: Final = 60
_ROUNDS: Final = 12
_MIN_PAINTINGS: Final = 4
_APART: Final = 2.5
_FLOOR_LAB: Final = 9.0


def garment_masks(regions: UInt8[np.ndarray, "h w"]) -> Mapping[str, Bool[np.ndarray, "h w"]]:
    """Where each garment is for certain: its region without a border of one pixel."""
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=np.uint8)
    masks: dict[str, Bool[np.ndarray, "h w"]] = {}
    for garment in GARMENTS:
        region = (regions == REGIONS.index(garment)).astype(np.uint8)
        masks[garment] = np.asarray(cv2.erode(region, cross, borderValue=0), dtype=bool)
    return masks


def garment_lab(pixels: UInt8[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"]) -> Float64[np.ndarray, "3"] | None:
    """Median CIELAB colour (L in [0, 100]) inside the mask; None where it has fewer than MIN_GARMENT_PX pixels."""
    if int(mask.sum()) < MIN_GARMENT_PX:
        return None
    inside = pixels[mask].astype(np.float32).reshape(1, -1, 3) / np.float32(255.0)
    lab = np.asarray(cv2.cvtColor(inside, cv2.COLOR_RGB2LAB), dtype=np.float64)[0]
    return np.median(lab, axis=0)


def colour_words(appearance: Appearance) -> Mapping[str, str]:
    """Garment -> the colour that the caption gives it; nothing for the hair of a bald head."""
    words = {
        "top": appearance.top.colour,
        "bottom": appearance.bottom.colour,
        "shoes": appearance.shoes.colour,
        "hair": appearance.hair_colour,
    }
    return MappingProxyType({k: v for k, v in words.items() if k != "hair" or appearance.hair_cut != "bald"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourChart:
    """How one garment's colour words look, in each light: nearest word of a measured Lab colour.

    Light tints a picture, so a word's colour is not that of its definition. A chart is fitted to paintings whose
    colours are known: ``lab = word + light + rest``, and the nearest word is the nearest in the metric of that rest
    (what shading and exposure leave open within a word). Words nearer to one another than 2.5 of its standard
    deviations (one in ten would be taken for the other) are one word.

    Attributes:
        groups: the words that count as one, for each centre.
        centres_lab: in mean light.
        light_lab: what a light adds.
        metric: inverse covariance of the rest.
    """

    groups: tuple[tuple[str, ...], ...]
    centres_lab: Float64[np.ndarray, "k 3"] = field(repr=False)
    light_lab: Mapping[str, Float64[np.ndarray, "3"]] = field(repr=False)
    metric: Float64[np.ndarray, "3 3"] = field(repr=False)

    @staticmethod
    def fitted(lab: Float64[np.ndarray, "n 3"], words: Sequence[str], lights: Sequence[str]) -> ColourChart:
        """The chart of so many paintings, one measured colour, true word and light each.

        Words with fewer than four paintings are left out of the chart.

        Raises InputError when fewer than two words are left.
        """
        named, lit = np.array(words), np.array(lights)
        known = [word for word in dict.fromkeys(words) if int((named == word).sum()) >= _MIN_PAINTINGS]
        kept = np.isin(named, known)
        if len(known) < 2:
            raise InputError(f"colour chart: found {len(known)} words with {_MIN_PAINTINGS} paintings, expected 2")
        named, lit, lab = named[kept], lit[kept], np.asarray(lab, dtype=np.float64)[kept]
        centre, light = _two_way(lab, named, lit)
        rest = lab - np.stack([centre[w] + light[s] for w, s in zip(named.tolist(), lit.tolist(), strict=True)])
        metric = np.linalg.inv(_robust_covariance(rest))
        groups = _merged({word: centre[word] for word in known}, metric)
        centres = np.stack([np.mean([centre[word] for word in group], axis=0) for group in groups])
        return ColourChart(groups=groups, centres_lab=centres, light_lab=MappingProxyType(light), metric=metric)

    def knows(self, word: str) -> bool:
        """Whether the chart has a colour for the word."""
        return any(word in group for group in self.groups)

    def nearest(self, lab: Float64[np.ndarray, "3"], light: str) -> tuple[str, ...]:
        """The words that the colour may be called in that light; an unknown light counts as the mean one."""
        apart = self.centres_lab - (lab - self.light_lab.get(light, np.zeros(3)))
        return self.groups[int(np.argmin(np.einsum("ki,ij,kj->k", apart, self.metric, apart)))]


def _two_way(
    lab: Float64[np.ndarray, "n 3"], words: np.ndarray, lights: np.ndarray
) -> tuple[dict[str, Float64[np.ndarray, "3"]], dict[str, Float64[np.ndarray, "3"]]]:
    """Medians of words and lights by turns (Tukey's median polish); the lights' effects average to zero."""
    centre = {word: np.zeros(3) for word in dict.fromkeys(words.tolist())}
    light = {name: np.zeros(3) for name in dict.fromkeys(lights.tolist())}
    for _ in range(_ROUNDS):
        unlit = lab - np.stack([light[name] for name in lights.tolist()])
        centre = {word: np.median(unlit[words == word], axis=0) for word in centre}
        bare = lab - np.stack([centre[word] for word in words.tolist()])
        light = {name: np.median(bare[lights == name], axis=0) for name in light}
        mean = np.mean(list(light.values()), axis=0)
        light = {name: effect - mean for name, effect in light.items()}
        centre = {word: colour + mean for word, colour in centre.items()}
    return centre, light


def _robust_covariance(rest: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "3 3"]:
    """Covariance of the nine tenths nearest to the middle, and three units of Lab that no eye calls another colour."""
    size = np.linalg.norm(rest, axis=1)
    near = rest[size <= np.quantile(size, 0.9)]
    return near.T @ near / max(1, len(near)) + _FLOOR_LAB * np.eye(3)


def _merged(
    centres: Mapping[str, Float64[np.ndarray, "3"]], metric: Float64[np.ndarray, "3 3"]
) -> tuple[tuple[str, ...], ...]:
    """Groups of words, nearest first merged until all are apart."""
    groups: list[tuple[str, ...]] = [(word,) for word in centres]
    while len(groups) > 1:
        middles = np.stack([np.mean([centres[word] for word in group], axis=0) for group in groups])
        apart = middles[:, None] - middles[None]
        squared = np.einsum("abi,ij,abj->ab", apart, metric, apart) + np.diag(np.full(len(groups), np.inf))
        first, second = sorted(int(k) for k in np.unravel_index(int(np.argmin(squared)), squared.shape))
        if squared[first, second] >= _APART**2:
            break
        groups[first] = groups[first] + groups.pop(second)
    return tuple(groups)
