"""How typical a pose is: a kernel density over draws of the prior itself, in anatomical angles.

    log p(x) = log sum_i w_i N(x; x_i, diag(h^2)),   w_i = weight of draw i's family / its number of draws

``x`` holds the angles in degrees, the direction of each upper arm instead of its plane and elevation (which are
singular when the arm hangs), and the direction of gravity in the pelvis, directions scaled so that a radian counts as
60. Draws and their mirror images count alike. Angles outside the joint limits, and turns that no joint can do, lower
it quadratically. The draws lie in a file made by ``scripts/bake_prior_density.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float, Int64

from posedreamer.errors import InputError
from posedreamer.priors.anatomy import ANGLE_NAMES, SIDES, clamp_angles, index_of, mirror_angles
from posedreamer.priors.joints import PLANE_WRAP_DEG, upper_arm_turn

__all__ = ["DENSITY_FILE", "PLAIN_ROWS", "PoseDensity", "bandwidth_of", "features_of", "parts_of"]

DENSITY_FILE: Final = Path(__file__).parent / "data" / "density.npz"

_DIRECTION_SCALE: Final = 60.0
_LIMIT_DEG: Final = 6.0
_SHOULDER: Final = [
    index_of(f"{side}_shoulder_{name}") for side in ("left", "right") for name in ("plane", "elevation")
]
PLAIN_ROWS: Final = np.array([k for k in range(len(ANGLE_NAMES)) if k not in _SHOULDER])
"""Angles that are features as they are."""
_SHARE: Final = 0.5
_NARROWEST, _WIDEST = 3.0, 14.0


def features_of(
    angles_deg: Float[np.ndarray, "46"], gravity_in_pelvis: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "51"]:
    """The point in which density is measured; ``gravity_in_pelvis`` is a unit vector."""
    arms: list[Float[np.ndarray, "3"]] = []
    for side in SIDES:
        first = index_of(f"{side}_shoulder_plane")
        arm = upper_arm_turn(float(angles_deg[first]), float(angles_deg[first + 1]), 0.0)
        arms.append(-_DIRECTION_SCALE * arm[:, 2])
    return np.concatenate([angles_deg[PLAIN_ROWS], *arms, _DIRECTION_SCALE * gravity_in_pelvis])


def parts_of(
    features: Float[np.ndarray, "n 51"],
) -> tuple[Float[np.ndarray, "n 46"], Float[np.ndarray, "n 3"]]:
    """Angles and gravity of the points that ``features_of`` made of them."""
    angles = np.empty((len(features), len(ANGLE_NAMES)))
    angles[:, PLAIN_ROWS] = features[:, : len(PLAIN_ROWS)]
    directions = features[:, len(PLAIN_ROWS) :].reshape(len(features), 3, 3)
    directions = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    for arm, side in enumerate(SIDES):
        x, y, z = directions[:, arm].T
        plane = np.degrees(np.arctan2(-y, x))
        first = index_of(f"{side}_shoulder_plane")
        angles[:, first] = np.where(plane < PLANE_WRAP_DEG, plane + 360.0, plane)
        angles[:, first + 1] = np.degrees(np.arccos(np.clip(-z, -1.0, 1.0)))
    return angles, directions[:, len(SIDES)]


def bandwidth_of(features: Float[np.ndarray, "n 51"], family: Int64[np.ndarray, " n"]) -> Float[np.ndarray, "51"]:
    """Kernel width of each feature: half of its deviation within families, between 3 and 14 degrees."""
    within = [features[family == one].std(axis=0) for one in np.unique(family)]
    return np.clip(_SHARE * np.mean(within, axis=0), _NARROWEST, _WIDEST)


@dataclass(frozen=True, slots=True)
class PoseDensity:
    """Draws of the prior as kernels.

    Attributes:
        revision: of the prior that made the draws.
        families: names that ``family`` indexes.
        quantiles: log densities of fresh default draws at 0, 1, ..., 100 %, ascending.
    """

    revision: str
    families: tuple[str, ...]
    features: Float[np.ndarray, "n 51"] = field(repr=False)
    family: Int64[np.ndarray, " n"] = field(repr=False)
    bandwidth: Float[np.ndarray, "51"] = field(repr=False)
    quantiles: Float[np.ndarray, "101"] = field(repr=False)

    @classmethod
    def read(cls, path: Path = DENSITY_FILE) -> PoseDensity:
        """The density in a file. Raises InputError when there is none."""
        if not path.is_file():
            raise InputError(f"{path} is missing; make it with scripts/bake_prior_density.py or reinstall the package")
        with np.load(path) as stored:
            return cls(
                str(stored["revision"]),
                tuple(str(name) for name in stored["families"]),
                stored["features"].astype(np.float64),
                stored["family"].astype(np.int64),
                stored["bandwidth"].astype(np.float64),
                stored["quantiles"].astype(np.float64),
            )

    def log_density(
        self,
        angles_deg: Float[np.ndarray, "46"],
        gravity_in_pelvis: Float[np.ndarray, "3"],
        residual_deg: float,
        weights: Mapping[str, float],
    ) -> float:
        """Log density per degree^51 of a pose under the mixture; finite for every finite input."""
        shares = np.array([weights.get(name, 0.0) for name in self.families])
        counts = np.bincount(self.family, minlength=len(self.families))
        with np.errstate(divide="ignore"):
            log_weight = np.log(shares / shares.sum() / np.maximum(counts, 1))[self.family]
        mirrored = gravity_in_pelvis * np.array([-1.0, 1.0, 1.0])
        pair = (features_of(angles_deg, gravity_in_pelvis), features_of(mirror_angles(angles_deg), mirrored))
        terms = [log_weight - 0.5 * (((self.features - x) / self.bandwidth) ** 2).sum(axis=1) for x in pair]
        together = np.concatenate(terms)
        peak = float(together.max())
        volume = float(np.log(self.bandwidth).sum() + 0.5 * len(self.bandwidth) * np.log(2.0 * np.pi))
        excess = np.append(angles_deg - clamp_angles(angles_deg), residual_deg)
        penalty = 0.5 * float(((excess / _LIMIT_DEG) ** 2).sum())
        return peak + float(np.log(np.exp(together - peak).sum() / 2.0)) - volume - penalty

    def hardness(self, log_density: float) -> float:
        """Share of the prior's own draws that are more typical, 0 to 1; above 1 for poses rarer than all of them.

        Beyond 1 it grows with the log density lost, in units of the spread between the rarest and the median draw.
        """
        lowest, median = float(self.quantiles[0]), float(self.quantiles[50])
        if log_density < lowest:
            return 1.0 + (lowest - log_density) / max(median - lowest, 1e-6)
        return 1.0 - float(np.interp(log_density, self.quantiles, np.linspace(0.0, 1.0, len(self.quantiles))))
