from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from posedreamer.estimators.activations import LayerModel
from posedreamer.estimators.weights import blazepose_files
from posedreamer.evaluation.features import FeatureBasis, ImageFeatures
from posedreamer.evaluation.frechet import distance_over_halves
from posedreamer.generation.protocol import PaintJob
from posedreamer.generation.studio import StudioGenerator
from posedreamer.studio.wardrobe import PLACES
from studio.conditions import condition, dressed_in


def paintings(count: int, first_seed: int) -> list[np.ndarray]:
    """Neutral bodies from many sides in every place, in hair and skin of their own."""
    rng = np.random.default_rng(first_seed)
    places = list(PLACES.items())
    found: list[np.ndarray] = []
    for k in range(count):
        name, place = places[k % len(places)]
        light = "bright studio light" if place.setting == "indoor" else "soft daylight"
        looks = dressed_in(skin=str(rng.choice(["fair", "olive", "brown"])))
        shown = condition(
            (looks,), azimuth_rad=float(rng.uniform(-3, 3)), place=name, setting=place.setting, light=light
        )
        job = PaintJob(condition=shown, candidate_index=0, seed=first_seed + k)
        found.append(StudioGenerator().paint([job])[0].pixels)
    return found


@pytest.fixture(scope="module")
def features() -> ImageFeatures:
    return ImageFeatures()


@pytest.fixture(scope="module")
def reference() -> list[np.ndarray]:
    return paintings(40, 1000)


@pytest.fixture(scope="module")
def basis(features: ImageFeatures) -> FeatureBasis:
    return FeatureBasis.fitted(features.of(paintings(48, 2000)), 12)


@pytest.fixture(scope="module")
def true(features: ImageFeatures, basis: FeatureBasis, reference: list[np.ndarray]) -> np.ndarray:
    return basis.of(features.of(reference))


def noisy(pixels: np.ndarray) -> np.ndarray:
    return np.clip(pixels + np.random.default_rng(0).normal(0, 8, pixels.shape), 0, 255).astype(np.uint8)


def warm(pixels: np.ndarray) -> np.ndarray:
    return np.clip(pixels * np.array([1.2, 1.0, 0.8]), 0, 255).astype(np.uint8)


DAMAGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "blurred": lambda pixels: np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.0)),
    "noisy": noisy,
    "warm": warm,
    "empty": lambda pixels: np.full_like(pixels, pixels[:8].mean(axis=(0, 1)).astype(np.uint8)),
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", list(DAMAGES))
def test_damage_sets_pictures_apart(
    damage: str, features: ImageFeatures, basis: FeatureBasis, reference: list[np.ndarray], true: np.ndarray
) -> None:
    broken = basis.of(features.of([DAMAGES[damage](pixels) for pixels in reference]))
    across, within = distance_over_halves(broken, true)
    assert across > 1.6 * within
    again, _ = distance_over_halves(true, true)
    assert again == pytest.approx(within, rel=0.05)


def test_a_picture_has_the_same_features_alone_and_among_others(features: ImageFeatures) -> None:
    pictures = paintings(2, 5)
    together = features.of(pictures)
    assert np.array_equal(together[1], features.of(pictures[1:])[0])
    assert np.isfinite(together).all()
    assert not np.array_equal(together[0], together[1])


def test_a_layer_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="no such layer"):
        LayerModel(blazepose_files().detector, ["no such layer"])
