"""Bake ``posedreamer/priors/data/density.npz``: draws of the pose prior itself, as kernels of its density.

Run it after any change to the prior's families (and raise ``priors.prior.REVISION``):

    python scripts/bake_prior_density.py
"""

from __future__ import annotations

import dataclasses

import numpy as np

from posedreamer.geometry.rotations import matrix_from_axis_angle
from posedreamer.priors.density import DENSITY_FILE, PoseDensity, bandwidth_of, features_of
from posedreamer.priors.families import FAMILIES
from posedreamer.priors.prior import REVISION, PosePrior

DRAWS_PER_FAMILY = 160
FRESH_DRAWS = 1500
SEED = 20260


def main() -> None:
    names = tuple(FAMILIES)
    features, family = [], []
    for number, name in enumerate(names):
        prior = PosePrior({name: 1.0})
        for index in range(DRAWS_PER_FAMILY):
            drawn = prior.draw(np.random.default_rng((SEED, number, index)))
            gravity = -matrix_from_axis_angle(drawn.parameters["global_orient"].astype(np.float64))[2]
            features.append(features_of(prior.encoding.angles(drawn.parameters), gravity))
            family.append(number)
    stored = np.array(features, dtype=np.float16)
    which = np.array(family, dtype=np.int64)
    bandwidth = bandwidth_of(stored.astype(np.float64), which).astype(np.float32)
    density = PoseDensity(
        REVISION, names, stored.astype(np.float64), which, bandwidth.astype(np.float64), np.zeros(101)
    )
    found = fresh_log_densities(density)
    density = dataclasses.replace(density, quantiles=np.percentile(found, np.arange(101)))
    DENSITY_FILE.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        DENSITY_FILE,
        revision=REVISION,
        families=np.array(names),
        features=stored,
        family=which.astype(np.uint8),
        bandwidth=bandwidth,
        quantiles=density.quantiles.astype(np.float32),
    )
    print(f"{DENSITY_FILE}: {len(stored)} draws, {DENSITY_FILE.stat().st_size / 1e3:.0f} kB")
    print(f"log density of fresh draws: median {np.median(found):.1f}, range {found.min():.1f} to {found.max():.1f}")


def fresh_log_densities(density: PoseDensity) -> np.ndarray:
    prior = PosePrior()
    weights = {name: family.weight for name, family in FAMILIES.items()}
    found = []
    for index in range(FRESH_DRAWS):
        drawn = prior.draw(np.random.default_rng((SEED, 1000, index)))
        gravity = -matrix_from_axis_angle(drawn.parameters["global_orient"].astype(np.float64))[2]
        angles = prior.encoding.angles(drawn.parameters)
        found.append(density.log_density(angles, gravity, 0.0, weights))
    return np.array(found)


if __name__ == "__main__":
    main()
