"""An independent judge of self-penetration: winding numbers of the mesh itself, not the balls that the prior uses."""

from __future__ import annotations

import numpy as np

from posedreamer.bodies.anny import AnnyBody
from posedreamer.priors.prior import PosePrior, PriorSample

TRUNK = ("chest", "abdomen", "pelvis", "neck")
ALLOWED_INSIDE = 0.12


def winding(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Solid angle of the triangles seen from each point, in whole spheres (van Oosterom and Strackee)."""
    a, b, c = (triangles[None, :, k] - points[:, None] for k in range(3))
    la, lb, lc = (np.linalg.norm(x, axis=-1) for x in (a, b, c))
    volume = np.einsum("pti,pti->pt", a, np.cross(b, c))
    dots = (np.einsum("pti,pti->pt", x, y) * n for x, y, n in ((a, b, lc), (b, c, la), (c, a, lb)))
    return np.arctan2(volume, la * lb * lc + sum(dots)).sum(axis=1) / (2.0 * np.pi)


def share_inside(body: AnnyBody, vertices: np.ndarray) -> float:
    """Of the skin of hands and forearms, how much lies inside the trunk; the worse arm."""
    topology = body.topology
    part = {name: k for k, name in enumerate(topology.part_names)}
    trunk = topology.faces[np.isin(topology.face_part, [part[name] for name in TRUNK])]
    shares = []
    for side in ("left", "right"):
        arm = np.isin(topology.face_part, [part[f"{side}_hand"], part[f"{side}_forearm"]])
        points = vertices[np.unique(topology.faces[arm])][::80]
        shares.append(float((winding(points, vertices[trunk]) > 0.55).mean()))
    return max(shares)


def test_hands_and_forearms_stay_out_of_the_trunk(body: AnnyBody, prior: PosePrior, samples: list[PriorSample]) -> None:
    shares = np.array([share_inside(body, prior.surface_m(sample)) for sample in samples])
    assert (shares > ALLOWED_INSIDE).mean() <= 0.05


def test_the_judge_sees_an_arm_in_the_belly(body: AnnyBody, prior: PosePrior) -> None:
    neutral = body.neutral(1)
    entries = body.spec.parameter("body_pose").entries
    free = share_inside(body, body.pose(neutral).vertices_m[0].numpy().astype(np.float64))
    neutral["body_pose"][0, entries.index("lowerarm01.L")] = (0.9, 1.5, 0.0)
    neutral["body_pose"][0, entries.index("upperarm01.L")] = (0.0, 0.5, 0.0)
    worst = share_inside(body, body.pose(neutral).vertices_m[0].numpy().astype(np.float64))
    assert free == 0.0
    assert worst > 2 * ALLOWED_INSIDE
