"""A body that can be bent by few numbers: anatomical angles and a little of shape in, keypoints out, with gradients."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from posedreamer.bodies import load_body
from posedreamer.bodies.anny import AnnyBody
from posedreamer.bodies.phenotype import AVERAGE_ADULT
from posedreamer.bodies.protocol import BodyModel, BodySpec
from posedreamer.priors.anatomy import mirror_angles
from posedreamer.priors.density import PoseDensity, parts_of
from posedreamer.priors.differentiable import AngleRotations, SmoothDensity, limit_excess_deg
from posedreamer.priors.prior import PosePrior

__all__ = ["PRIOR_BODY", "Gallery", "PriorFigure", "Shape", "keypoints_of", "prior_figure", "shape_of"]

PRIOR_BODY: Final = "anny"
_WIDENED: Final = 2.5
_CHUNK: Final = 720
_STEPS: Final = {"height": 0.08, "proportions": 0.15, "gender": 0.25}
"""Of phenotypes: one deviation among adults, those alone that joints tell."""
_BETAS: Final = 2


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a body's shape may change: parameter = base + numbers @ directions; each number is about N(0, 1).

    ``name`` is "" for a body without shape.
    """

    name: str
    base: Float[Tensor, " p"] = field(repr=False)
    directions: Float[Tensor, "k p"] = field(repr=False)

    def parameter(self, numbers: Float[Tensor, "b k"]) -> dict[str, Float[Tensor, "b p"]]:
        """The parameter by name."""
        return {self.name: self.base + numbers @ self.directions} if self.name else {}


def shape_of(spec: BodySpec) -> Shape:
    """Height, proportions and gender of a body of phenotypes, the first betas of one of betas; nothing of others."""
    names = [parameter.name for parameter in spec.parameters]
    if "phenotype" in names:
        entries = spec.parameter("phenotype").entries
        rows = [[step if entry == name else 0.0 for entry in entries] for name, step in _STEPS.items()]
        return Shape("phenotype", torch.tensor(AVERAGE_ADULT), torch.tensor(rows))
    if "betas" in names:
        count = spec.parameter("betas").shape[0]
        return Shape("betas", torch.zeros(count), torch.eye(count)[: min(_BETAS, count)])
    return Shape("", torch.zeros(0), torch.zeros(0, 0))


def keypoints_of(body: BodyModel, parameters: dict[str, Tensor]) -> Float[Tensor, "b 65 3"]:
    """The 65 keypoints; a body that knows them without its mesh is asked for them alone."""
    return body.keypoints(parameters) if isinstance(body, AnnyBody) else body.forward(parameters).keypoints_m


@dataclass(frozen=True, slots=True)
class Gallery:
    """The prior's own draws and their mirror images, to start from: angles, and keypoints of an average adult."""

    angles_deg: Float[Tensor, "g 46"] = field(repr=False)
    keypoints_m: Float[Tensor, "g 65 3"] = field(repr=False)


class PriorFigure:
    """The pose prior's body, posed by anatomical angles in degrees; root at rest, in the body frame."""

    def __init__(self, body: BodyModel, without: str = "") -> None:
        """``without``: a pose family that the prior is not told of, to measure on poses that are new to it."""
        encoding = PosePrior().encoding
        self.body = body
        self.shape = shape_of(body.spec)
        self._rotations = AngleRotations(encoding.joints, body.spec.parameter("body_pose").entries)
        self._rest = {name: torch.as_tensor(value) for name, value in body.neutral(1).items()}
        density = PoseDensity.read()
        told = np.array([name != without for name in density.families])[density.family]
        self._density = replace(density, features=density.features[told], family=density.family[told])
        self._smooth = SmoothDensity.of(self._density, _WIDENED)

    def parameters(self, angles_deg: Float[Tensor, "b 46"], numbers: Float[Tensor, "b k"]) -> dict[str, Tensor]:
        """The body's parameters."""
        size = len(angles_deg)
        rest = {name: value.expand(size, *value.shape[1:]) for name, value in self._rest.items()}
        return {**rest, "body_pose": self._rotations(angles_deg), **self.shape.parameter(numbers)}

    def keypoints(self, angles_deg: Float[Tensor, "b 46"], numbers: Float[Tensor, "b k"]) -> Float[Tensor, "b 65 3"]:
        """The 65 keypoints, metres."""
        return keypoints_of(self.body, self.parameters(angles_deg, numbers))

    def rarity(
        self, angles_deg: Float[Tensor, "b 46"], gravity_in_pelvis: Float[Tensor, "b 3"]
    ) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
        """Negative log density under the widened prior, and half the squared excess over joint limits in 4 degrees."""
        excess = (limit_excess_deg(angles_deg) / 4.0).square().sum(-1) / 2
        return -self._smooth.log_density(angles_deg, gravity_in_pelvis), excess

    @cached_property
    def gallery(self) -> Gallery:
        """Every draw of the prior's density, twice."""
        one, _ = parts_of(self._density.features)
        other = np.stack([mirror_angles(each) for each in one])
        angles = torch.as_tensor(np.concatenate([one, other]), dtype=torch.float32)
        with torch.no_grad():
            still = torch.zeros(_CHUNK, len(self.shape.directions))
            starts = range(0, len(angles), _CHUNK)
            few = [angles[start : start + _CHUNK] for start in starts]
            parts = [self.keypoints(part, still[: len(part)]) for part in few]
        return Gallery(angles, torch.cat(parts))


@lru_cache(maxsize=1)
def prior_figure() -> PriorFigure:
    """The one of this process."""
    return PriorFigure(load_body(PRIOR_BODY))
