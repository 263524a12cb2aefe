from __future__ import annotations

from typing import Protocol

import numpy as np
import pytest

from posedreamer.bodies.anny import AnnyBody, load_anny


@pytest.fixture(scope="session")
def body() -> AnnyBody:
    return load_anny()


class RandomParameters(Protocol):
    def __call__(self, seed: int, batch: int, angle_rad: float = 0.5) -> dict[str, np.ndarray]: ...


@pytest.fixture(scope="session")
def random_parameters(body: AnnyBody) -> RandomParameters:
    def draw(seed: int, batch: int, angle_rad: float = 0.5) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(seed)
        parameters = body.neutral(batch)
        for name, value in parameters.items():
            if name == "phenotype":
                parameters[name] = rng.uniform(0.02, 0.98, value.shape).astype(np.float32)
            else:
                scale = 1.0 if name == "transl" else angle_rad
                parameters[name] = rng.normal(0, scale, value.shape).astype(np.float32)
        return parameters

    return draw
