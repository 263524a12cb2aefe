"""Contact sheet of the pose prior: shaded bodies on a ground grid, each with its family and action.

python scripts/pose_sheet.py out/poses.png                     # 10 x 10 of the default mixture
python scripts/pose_sheet.py out/yoga.png --families yoga kneeling --count 30 --seed 7
python scripts/pose_sheet.py out/hands.png --hands --count 30  # close-ups of hands
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from posedreamer.bodies.anny import load_anny
from posedreamer.geometry.camera import intrinsics_px, look_at, project_px, to_camera
from posedreamer.geometry.rotations import matrix_from_axis_angle
from posedreamer.priors.prior import PosePrior, PriorSample
from posedreamer.records import Camera
from posedreamer.rendering.maps import normals_cam
from posedreamer.rendering.rasterizer import Mesh, rasterize
from posedreamer.seeds import generator_for

VIEWS_DEG = (35.0, -35.0, 80.0, -60.0, 10.0)
SKIN_RGB = np.array([214.0, 178.0, 150.0])
LIGHT_CAM = np.array([-0.45, -0.65, -0.62])


def main() -> None:
    options = parse()
    body = load_anny()
    prior = PosePrior(dict.fromkeys(options.families, 1.0) if options.families else None, body)
    tiles = []
    for index in range(options.count):
        sample = prior.sample(generator_for(options.seed, f"prior-{index}", "label"))
        posed = body.pose({name: value[None] for name, value in sample.parameters.items()})
        vertices = posed.vertices_m[0].numpy()
        camera = frame(sample, vertices, VIEWS_DEG[index % len(VIEWS_DEG)], options.size)
        if options.hands:
            side = "LR"[index % 2]
            wrist = posed.bones_world[0, body.spec.bone_names.index(f"finger3-1.{side}"), :3, 3].numpy()
            camera = frame_hand(camera, wrist, options.size)
        tile = shade(vertices, body.topology.faces, camera)
        text = f"{index} {sample.action if options.hands or options.families else sample.family + ': ' + sample.action}"
        cv2.putText(tile, text, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.34, (20, 20, 160), 1, cv2.LINE_AA)
        tiles.append(tile)
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (-len(tiles) % options.columns)
    rows = [np.hstack(tiles[k : k + options.columns]) for k in range(0, len(tiles), options.columns)]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(options.out), np.vstack(rows)):
        raise SystemExit(f"cannot write {options.out}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Contact sheet of the pose prior.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--size", type=int, default=200, help="pixels of a tile")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--families", nargs="*", default=[], help="only these, equally often")
    parser.add_argument("--hands", action="store_true", help="close-ups of left and right hands in turn")
    return parser.parse_args()


def frame(sample: PriorSample, vertices_m: np.ndarray, view_deg: float, size: int) -> Camera:
    """A camera that sees the whole body from ``view_deg`` beside its front, a little from above."""
    turned = matrix_from_axis_angle(sample.parameters["global_orient"].astype(np.float64))
    front = turned @ np.array([0.0, -1.0, 0.0])
    if abs(front[2]) > 0.8:
        front = turned @ np.array([0.0, 0.0, 1.0])
    heading = np.arctan2(front[1], front[0]) + np.radians(view_deg)
    low, high = vertices_m.min(axis=0), vertices_m.max(axis=0)
    middle = (low + high).astype(np.float64) / 2.0
    reach_m = max(float(np.linalg.norm(high - low)), 1.75)
    away = np.array([np.cos(heading), np.sin(heading), 0.22])
    eye = middle + away / np.linalg.norm(away) * 6.0
    focal_px = size * 6.0 / (reach_m * 1.06)
    return Camera(width=size, height=size, K=intrinsics_px(focal_px, size, size), cam_from_world=look_at(eye, middle))


def frame_hand(camera: Camera, target_m: np.ndarray, size: int) -> Camera:
    """A camera 0.6 m from a hand, on the side of the given camera."""
    backward = -camera.cam_from_world[2, :3]
    eye = target_m.astype(np.float64) + backward * 0.6
    matrix = look_at(eye, target_m.astype(np.float64))
    return Camera(width=size, height=size, K=intrinsics_px(size * 2.0, size, size), cam_from_world=matrix)


def shade(vertices_m: np.ndarray, faces: np.ndarray, camera: Camera) -> np.ndarray:
    """8-bit BGR picture: one light from the upper left, grid lines every 0.25 m on the ground."""
    picture = np.full((camera.height, camera.width, 3), 250.0)
    draw_ground(picture, camera, vertices_m)
    mesh = Mesh(vertices_cam_m=to_camera(camera, vertices_m).astype(np.float32), faces=faces)
    buffers = rasterize([mesh], camera)
    normals = normals_cam(buffers, [mesh])
    light = LIGHT_CAM / np.linalg.norm(LIGHT_CAM)
    lit = np.clip(normals @ light, 0.0, 1.0)
    facing = np.clip(-normals[..., 2], 0.0, 1.0)
    value = 0.32 + 0.56 * lit + 0.12 * facing
    body = (buffers.person_id >= 0)[..., None]
    return np.where(body, np.clip(value[..., None] * SKIN_RGB[::-1], 0, 255), picture).astype(np.uint8)


def draw_ground(picture: np.ndarray, camera: Camera, vertices_m: np.ndarray) -> None:
    middle = np.round(vertices_m[:, :2].mean(axis=0) * 4.0) / 4.0
    for k in np.arange(-1.0, 1.01, 0.25):
        for ends in ([(k, -1.0), (k, 1.0)], [(-1.0, k), (1.0, k)]):
            points = np.array([(*(middle + end), 0.0) for end in ends])
            seen = to_camera(camera, points)
            if (seen[:, 2] > 0.1).all():
                first, second = (tuple(int(v) for v in p) for p in np.clip(project_px(camera, seen), -5e3, 5e3))
                cv2.line(picture, first, second, (205, 215, 205), 1, cv2.LINE_AA)


if __name__ == "__main__":
    main()
