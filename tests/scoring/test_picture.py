"""The picture itself: what each number does when the pixels are broken; hashes of near and far pictures."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from posedreamer.records import Annotation, Picture
from posedreamer.scoring.picture import PictureScorer
from posedreamer.scoring.picture_hash import perceptual_hash

Load = Callable[[str], tuple[Picture, Annotation]]
NAME = "person_256x256_6"


def score(pixels: Any, label: Annotation) -> dict[str, float]:
    picture = Picture(pixels=np.zeros((1, 1, 3), dtype=np.uint8))
    object.__setattr__(picture, "pixels", pixels)
    return dict(PictureScorer().score([picture], [label])[0])


def bits_apart(one: np.ndarray, other: np.ndarray) -> int:
    return (perceptual_hash(one) ^ perceptual_hash(other)).bit_count()


@pytest.fixture
def pixels(load: Load) -> np.ndarray:
    return load(NAME)[0].pixels


@pytest.fixture
def label(load: Load) -> Annotation:
    return load(NAME)[1]


def test_a_whole_picture_has_all_numbers(pixels: np.ndarray, label: Annotation) -> None:
    scores = score(pixels, label)
    assert set(scores) == set(PictureScorer.gives)
    assert scores["broken_share"] == 0.0


def test_blur_lowers_sharpness_everywhere_and_on_the_person(pixels: np.ndarray, label: Annotation) -> None:
    good, soft = score(pixels, label), score(cv2.GaussianBlur(pixels, (0, 0), 2.0), label)
    assert soft["sharpness"] < 0.6 * good["sharpness"]
    assert soft["person_sharpness"] < 0.6 * good["person_sharpness"]


def test_sharpness_does_not_grow_with_the_picture(pixels: np.ndarray, label: Annotation) -> None:
    large = cv2.resize(pixels, (512, 512), interpolation=cv2.INTER_NEAREST)
    camera = dataclasses.replace(label.camera, width=512, height=512)
    person_id = np.repeat(np.repeat(label.person_id, 2, axis=0), 2, axis=1)
    large_label = dataclasses.replace(label, camera=camera, person_id=person_id)
    assert score(large, large_label)["sharpness"] == pytest.approx(score(pixels, label)["sharpness"], rel=0.01)


@pytest.mark.parametrize(
    ("change", "name", "is_higher"),
    [
        (lambda p: p // 12, "dark_share", True),
        (lambda p: p // 4, "luma_mean", False),
        (lambda p: np.clip(p.astype(np.int64) * 4, 0, 255).astype(np.uint8), "bright_share", True),
        (lambda p: 100 + p // 8, "contrast", False),
        (lambda p: np.repeat(p[..., :1], 3, axis=2), "saturation", False),
        (lambda p: np.where(np.arange(256)[:, None, None] < 100, p, 128).astype(np.uint8), "flat_share", True),
        (lambda p: np.where(np.arange(256)[:, None, None] < 100, p, 128).astype(np.uint8), "person_flat_share", True),
    ],
)
def test_each_fault_moves_its_number(
    change: Callable[[np.ndarray], np.ndarray], name: str, is_higher: bool, pixels: np.ndarray, label: Annotation
) -> None:
    before, after = score(pixels, label)[name], score(change(pixels), label)[name]
    assert (after > before + 0.02) if is_higher else (after < before - 0.02)


def test_pixels_that_are_no_numbers_are_counted(pixels: np.ndarray, label: Annotation) -> None:
    holes = pixels.astype(np.float64)
    holes[:64, :, 1] = np.nan
    assert score(holes, label)["broken_share"] == pytest.approx(0.25)
    assert score(np.full(pixels.shape, np.inf), label)["broken_share"] == 1.0
    assert score(pixels[:0], label)["broken_share"] == 1.0
    assert score(pixels[..., 0], label)["broken_share"] == 0.0


def test_a_label_without_people_has_no_numbers_of_people(load: Load) -> None:
    picture, label = load("nobody_256x256")
    scores = score(picture.pixels, label)
    assert not {"person_sharpness", "person_flat_share"} & set(scores)
    assert "sharpness" in scores


def test_hashes_survive_size_compression_and_light_and_tell_pictures_apart(pixels: np.ndarray, load: Load) -> None:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=40)
    assert bits_apart(pixels, np.asarray(Image.open(buffer))) <= 6
    assert bits_apart(pixels, cv2.resize(pixels, (128, 128), interpolation=cv2.INTER_AREA)) <= 6
    assert bits_apart(pixels, (pixels * 0.9).astype(np.uint8)) <= 6
    assert bits_apart(pixels, load("person_256x256_3")[0].pixels) > 12
    assert bits_apart(pixels, np.ascontiguousarray(pixels[:, ::-1])) > 12


def test_the_hash_comes_back_from_its_two_columns(pixels: np.ndarray, label: Annotation) -> None:
    scores = score(pixels, label)
    assert (int(scores["phash_high"]) << 32) | int(scores["phash_low"]) == perceptual_hash(pixels)
    flat = [perceptual_hash(np.full((64, 64, 3), level, dtype=np.uint8)) for level in (0, 127, 255)]
    assert flat[1] == flat[2]
