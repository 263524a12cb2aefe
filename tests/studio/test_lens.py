from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posedreamer.studio.lens import Faults, draw_faults, draw_flash_faults, photographed

NONE = Faults(
    soft=0.0,
    motion=(0.0, 0.0),
    fringe=0.0,
    vignette=0.0,
    gains=(1.0, 1.0, 1.0),
    contrast=0.0,
    shot=0.0,
    read=0.0,
    sharpen=0.0,
    quality=100,
)


def grey(value: float = 0.25, size: int = 65) -> np.ndarray:
    return np.full((size, size, 3), value, dtype=np.float32)


def shot_of(light: np.ndarray, seed: int = 0, **faults: object) -> np.ndarray:
    shot = replace(NONE, **faults)  # type: ignore[arg-type]
    return photographed(light, shot, np.random.default_rng(seed)).astype(float)


@pytest.mark.parametrize(
    "fault", [{"soft": 0.02}, {"motion": (0.12, 0.05)}, {"motion": (0.0, 0.1)}, {"sharpen": 0.8}, {"fringe": 0.004}]
)
def test_no_fault_moves_a_dot(fault: dict[str, object]) -> None:
    light = grey(0.0)
    light[20:23, 40:43] = 0.9
    seen = np.where((seen := shot_of(light, **fault).mean(axis=2)) > 6, seen, 0.0)
    rows, columns = np.mgrid[0:65, 0:65]
    assert abs((seen * rows).sum() / seen.sum() - 21) < 0.2
    assert abs((seen * columns).sum() / seen.sum() - 41) < 0.2


def test_each_fault_is_seen() -> None:
    light = grey()
    light[:, 33:] = 0.6
    plain = shot_of(light)
    step = np.abs(np.diff(plain.mean(axis=2), axis=1)).max()
    for blur in ({"soft": 0.02}, {"motion": (0.12, 0.0)}):
        assert np.abs(np.diff(shot_of(light, **blur).mean(axis=2), axis=1)).max() < 0.6 * step
    assert shot_of(light, sharpen=1.0).max() > plain.max() + 5
    dimmed = shot_of(grey(), vignette=0.5)
    assert dimmed[0, 0].mean() < 0.85 * dimmed[32, 32].mean()
    warm = shot_of(grey(), gains=(1.2, 1.0, 0.8)).mean(axis=(0, 1))
    assert warm[0] > warm[1] > warm[2]
    fringed = shot_of(np.roll(light, 25, axis=1), fringe=0.03)
    assert np.abs(fringed[..., 0] - fringed[..., 2]).max() > 20
    rough = np.random.default_rng(1).uniform(0.0, 0.8, (65, 65, 3)).astype(np.float32)
    assert np.abs(shot_of(rough, quality=20) - shot_of(rough)).mean() > 5


def test_noise_grows_with_light_in_linear_terms() -> None:
    dark, bright = (shot_of(grey(value), shot=0.06, read=0.002).std() for value in (0.002, 0.3))
    still = shot_of(grey(0.3)).std()
    assert still < 0.5 < bright
    assert dark > 0.5


@pytest.mark.parametrize("draw", [draw_faults, draw_flash_faults])
def test_faults_are_drawn_from_the_seed(draw: object) -> None:
    first, again, other = (draw(np.random.default_rng(seed)) for seed in (4, 4, 5))  # type: ignore[operator]
    assert first == again
    assert first != other
    assert np.array_equal(
        *(photographed(grey(), first, np.random.default_rng(1)) for _ in range(2)),
    )
