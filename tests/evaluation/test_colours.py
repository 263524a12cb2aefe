from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from posedreamer.errors import InputError
from posedreamer.evaluation.colours import (
    MIN_GARMENT_PX,
    ColourChart,
    colour_words,
    garment_lab,
    garment_masks,
)
from posedreamer.records import COLOURS_RGB, REGIONS
from studio.conditions import PLAIN

LIGHTS = ("daylight", "lamp", "dusk")


def lab_of(rgb: tuple[int, int, int]) -> np.ndarray:
    value = np.array(rgb, dtype=np.float32).reshape(1, 1, 3) / 255.0
    return cv2.cvtColor(value, cv2.COLOR_RGB2LAB)[0, 0].astype(np.float64)


def paintings(count: int = 40, rest: float = 3.0, seed: int = 0) -> tuple[np.ndarray, list[str], list[str]]:
    """Every colour in every light: warm lamps, a dark dusk, and a rest that nobody controls."""
    rng = np.random.default_rng(seed)
    tints = {"daylight": (0.0, 0.0, 0.0), "lamp": (-4.0, 8.0, 22.0), "dusk": (-18.0, 2.0, -12.0)}
    words = [str(word) for word in rng.choice(list(COLOURS_RGB), 12 * count)]
    lights = [str(light) for light in rng.choice(LIGHTS, 12 * count)]
    lab = [lab_of(COLOURS_RGB[w]) + tints[s] + rng.normal(0, rest, 3) for w, s in zip(words, lights, strict=True)]
    return np.stack(lab), words, lights


def share_right(chart: ColourChart, lab: np.ndarray, words: list[str], lights: list[str]) -> float:
    return float(np.mean([w in chart.nearest(x, s) for x, w, s in zip(lab, words, lights, strict=True)]))


def test_a_chart_names_colours_in_the_light_it_saw_them_in() -> None:
    chart = ColourChart.fitted(*paintings())
    lab, words, lights = paintings(seed=1)
    assert share_right(chart, lab, words, lights) > 0.97


def test_the_wrong_light_gives_wrong_names() -> None:
    chart = ColourChart.fitted(*paintings())
    lab, words, lights = paintings(seed=1)
    turned = [LIGHTS[(LIGHTS.index(light) + 1) % 3] for light in lights]
    assert share_right(chart, lab, words, turned) < share_right(chart, lab, words, lights) - 0.15


def test_swapped_colours_are_not_obeyed() -> None:
    chart = ColourChart.fitted(*paintings())
    swapped = np.stack([lab_of(COLOURS_RGB[word][1:] + COLOURS_RGB[word][:1]) for word in COLOURS_RGB])
    kept = share_right(chart, swapped, list(COLOURS_RGB), ["daylight"] * 12)
    assert kept < 0.5


def test_words_that_cannot_be_told_apart_are_one_word() -> None:
    lab, words, lights = paintings()
    halves = [f"{word} {k % 2}" for k, word in enumerate(words)]
    groups = ColourChart.fitted(lab, halves, lights).groups
    assert sorted(tuple(sorted(group)) for group in groups) == [(f"{w} 0", f"{w} 1") for w in sorted(COLOURS_RGB)]


def test_more_rest_leaves_fewer_words() -> None:
    assert len(ColourChart.fitted(*paintings(rest=14.0)).groups) < len(ColourChart.fitted(*paintings()).groups)


def test_rare_words_are_not_in_the_chart() -> None:
    lab, words, lights = paintings()
    chart = ColourChart.fitted(np.vstack([lab, lab[:1]]), [*words, "teal"], [*lights, "dusk"])
    assert chart.knows("red")
    assert not chart.knows("teal")
    with pytest.raises(InputError, match="found 1 words"):
        ColourChart.fitted(lab[:9], ["red"] * 9, lights[:9])


def test_masks_keep_a_pixel_from_every_border() -> None:
    regions = np.zeros((40, 40), dtype=np.uint8)
    regions[5:25, 5:25] = REGIONS.index("top")
    regions[25:40, 5:25] = REGIONS.index("bottom")
    masks = garment_masks(regions)
    assert int(masks["top"].sum()) == 18 * 18
    assert int(masks["bottom"].sum()) == 18 * 13
    assert not masks["shoes"].any()


def test_a_few_wrong_pixels_do_not_move_the_colour() -> None:
    pixels = np.full((20, 20, 3), COLOURS_RGB["red"], dtype=np.uint8)
    mask = np.ones((20, 20), dtype=bool)
    plain = garment_lab(pixels, mask)
    pixels[:6] = (255, 255, 255)
    spotted = garment_lab(pixels, mask)
    assert plain is not None
    assert spotted is not None
    assert spotted == pytest.approx(plain)
    pixels[:12] = (255, 255, 255)
    covered = garment_lab(pixels, mask)
    assert covered is not None
    assert np.linalg.norm(covered - plain) > 40


def test_small_garments_are_not_judged() -> None:
    mask = np.zeros((20, 20), dtype=bool)
    mask.reshape(-1)[: MIN_GARMENT_PX - 1] = True
    assert garment_lab(np.zeros((20, 20, 3), dtype=np.uint8), mask) is None


def test_bald_heads_have_no_hair_colour() -> None:
    assert colour_words(PLAIN) == {"top": "red", "bottom": "blue", "shoes": "white", "hair": "brown"}
    assert "hair" not in colour_words(replace(PLAIN, hair_cut="bald"))
