"""How near fitted bodies come to the true ones: studio pictures of the recipe ``demo``, whose labels are exact.

    python benchmarks/mesh_fit.py --pictures 100 --seed 5 --sheet fits.png

Lines: BlazePose's own metric landmarks; the fit with the true camera; with an assumed one; with the true camera and a
prior that was not told of the pose's family (the studio's poses are draws of the prior, real people's are not).
PA-MPJPE and MPJPE (about the middle of the hips) are over COCO-17 in millimetres, the error in the picture is in
percent of the diagonal of the person's box. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from posedreamer.bodies import load_body
from posedreamer.estimators.mesh import LandmarkFit, PictureFit
from posedreamer.estimators.mesh_depth import mesh_buffers
from posedreamer.estimators.mesh_descent import Weights, bend
from posedreamer.estimators.mesh_figure import PriorFigure
from posedreamer.estimators.mesh_sight import BODY_ROWS, LANDMARK_ROWS, as_seen_from_camera, rigid_turns, sights_of
from posedreamer.generation.protocol import PaintJob
from posedreamer.generation.studio import StudioGenerator
from posedreamer.geometry.camera import project_px
from posedreamer.geometry.keypoints import BODY_65, COCO_17
from posedreamer.priors.prior import PosePrior
from posedreamer.recipes.conditions import RecipeConditions
from posedreamer.records import Condition, Picture
from posedreamer.seeds import derive_seed, generator_for

COCO = BODY_65.indices_of(COCO_17.names)
HIPS = COCO_17.indices_of(("left_hip", "right_hip"))


@dataclass(frozen=True)
class Shot:
    picture: Picture
    condition: Condition
    family: str

    @property
    def true_m(self) -> np.ndarray:
        return self.condition.scene.people[0].keypoints_cam_m.astype(np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--sheet", type=Path, help="a PNG of pictures with their bodies over them")
    arguments = parser.parse_args()
    shots = painted(arguments.pictures, arguments.seed)
    cameras = [shot.condition.scene.camera for shot in shots]
    estimator = LandmarkFit()
    estimator.fit([shots[0].picture], [None])  # loads what it needs
    start = time.perf_counter()
    fits = estimator.fit([shot.picture for shot in shots], cameras)
    seconds = (time.perf_counter() - start) / len(shots)
    assumed = estimator.fit([shot.picture for shot in shots], [None] * len(shots))
    kept = [index for index, fit in enumerate(fits) if fit.people]
    lines = {
        "blazepose": blazepose_line(shots, fits, kept),
        "fit": line([shots[i] for i in kept], [fits[i].people[0].keypoints_cam_m for i in kept]),
        "fit, camera assumed": line(
            [shots[i] for i in kept if assumed[i].people],
            [assumed[i].people[0].keypoints_cam_m for i in kept if assumed[i].people],
            is_camera_known=False,
        ),
        "fit, pose family unknown": line([shots[i] for i in kept], untold(shots, fits, kept)),
    }
    for name, numbers in lines.items():
        print(f"{name:26s} " + "  ".join(f"{key} {value:6.1f}" for key, value in numbers.items()))
    dropped = Counter(fit.reason for fit in fits if fit.reason)
    print(f"used {len(kept)} of {len(shots)}; dropped: {dict(dropped)}; {seconds:.2f} s per picture")
    if arguments.sheet:
        sheet(shots, fits, arguments.sheet)
    found: dict[str, object] = {
        "pictures": len(shots),
        "seed": arguments.seed,
        "used": len(kept),
        "dropped": dict(dropped),
    }
    found |= {"seconds": seconds, "hardware": platform.processor() or platform.machine(), "lines": lines}
    print(json.dumps(found))


def painted(count: int, seed: int) -> list[Shot]:
    conditions, studio, prior, shots = RecipeConditions(recipe="demo", seed=seed), StudioGenerator(), PosePrior(), []
    index = 0
    while len(shots) < count:
        made = conditions(index)
        if made is not None:
            job = PaintJob(condition=made, candidate_index=0, seed=derive_seed(seed, made.condition_id, "paint"))
            family = prior.sample(generator_for(seed, f"prior-{index}", "label")).family
            shots.append(Shot(studio.paint([job])[0], made, family))
        index += 1
    return shots


def pa_mpjpe_mm(found_m: np.ndarray, true_m: np.ndarray) -> float:
    one, other = torch.as_tensor(found_m, dtype=torch.float64), torch.as_tensor(true_m)
    return 1e3 * float(rigid_turns(one, other, torch.ones(len(one), dtype=torch.float64))[2])


def line(shots: list[Shot], keypoints: list[np.ndarray], *, is_camera_known: bool = True) -> dict[str, float]:
    aligned, rooted, shares = [], [], []
    for shot, points in zip(shots, keypoints, strict=True):
        found, true = points[COCO].astype(np.float64), shot.true_m[COCO]
        aligned.append(pa_mpjpe_mm(found, true))
        apart = (found - found[HIPS].mean(0)) - (true - true[HIPS].mean(0))
        rooted.append(1e3 * float(np.linalg.norm(apart, axis=1).mean()))
        label = shot.condition.annotation.people[0]
        away_px = np.linalg.norm(project_px(shot.condition.scene.camera, found) - label.keypoints_2d[:, :2], axis=1)
        shares.append(100 * float(away_px.mean() / np.hypot(*label.amodal_bbox_xywh_px[2:])))
    numbers = {"PA-MPJPE": aligned, "MPJPE": rooted} | ({"2D %": shares} if is_camera_known else {})
    means = {name: float(np.mean(values)) for name, values in numbers.items()}
    return means | {f"median {name}": float(np.median(values)) for name, values in numbers.items()}


def blazepose_line(shots: list[Shot], fits: list[PictureFit], kept: list[int]) -> dict[str, float]:
    shared = np.isin(BODY_ROWS, COCO)
    aligned = []
    for index in kept:
        seen, camera = fits[index].people[0].detection, fits[index].camera
        metric = as_seen_from_camera(seen.landmarks_world_m[LANDMARK_ROWS], seen.landmarks_px[LANDMARK_ROWS], camera)
        aligned.append(pa_mpjpe_mm(metric[shared], shots[index].true_m[BODY_ROWS[shared]]))
    return {"PA-MPJPE": float(np.mean(aligned)), "median PA-MPJPE": float(np.median(aligned))}


def untold(shots: list[Shot], fits: list[PictureFit], kept: list[int]) -> list[np.ndarray]:
    """Keypoints of fits under a prior without the pose's own family."""
    found: dict[int, np.ndarray] = {}
    for family in sorted({shots[index].family for index in kept}):
        rows = [index for index in kept if shots[index].family == family]
        figure = PriorFigure(load_body("anny"), without=family)
        sights = sights_of([fits[index].people[0].detection for index in rows], [fits[index].camera for index in rows])
        bent = bend(sights, figure, Weights(), steps=60)
        with torch.no_grad():
            found |= dict(zip(rows, bent.keypoints_cam_m(figure).numpy(), strict=True))
    return [found[index] for index in kept]


def sheet(shots: list[Shot], fits: list[PictureFit], path: Path, columns: int = 6) -> None:
    tiles = []
    for shot, fit in zip(shots, fits, strict=True):
        body = shot.picture.pixels.copy()
        if fit.people:
            buffers = mesh_buffers(fit)
            on = buffers.person_id >= 0
            down, across = np.gradient(np.where(on, buffers.depth_m, 0.0))
            light = np.clip(0.02 / np.sqrt(across**2 + down**2 + 0.0004), 0.3, 1.0)
            body[on] = (0.3 * body + 0.7 * light[..., None] * np.array([90, 180, 255]))[on].astype(np.uint8)
        tiles.append(np.concatenate([shot.picture.pixels, body], axis=1))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % (columns // 2))
    rows = [np.concatenate(tiles[k : k + columns // 2], axis=1) for k in range(0, len(tiles), columns // 2)]
    Image.fromarray(np.concatenate(rows)).save(path)


if __name__ == "__main__":
    main()
