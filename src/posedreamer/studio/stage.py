"""The place round the people in its own frame: a room or an open ground, what stands in it, and the light on it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Float64

from posedreamer.records import Camera
from posedreamer.studio.backdrops import BACKDROPS
from posedreamer.studio.blocks import Blocks, blocks_of
from posedreamer.studio.extent import extent
from posedreamer.studio.floors import FLOORS
from posedreamer.studio.furniture import Room, furnish
from posedreamer.studio.lamps import Lamp
from posedreamer.studio.looks import Colour, linear_of
from posedreamer.studio.places import Light, Place

__all__ = ["Stage", "build_stage", "furnished", "ground_point_cam_m", "lit_stage"]


class Stage(NamedTuple):
    """A place in its own frame: origin on the ground under the people, y away from the camera, z up, metres.

    ``stage_from_cam`` is (3, 4). Rooms reach from (left, near) to (right, far) and up to ``ceiling``; skylines stand at
    ``radius`` from the origin. Nobody stands beyond ``clear``. ``is_patched``: the key light falls in through windows.
    """

    stage_from_cam: Float64[np.ndarray, "3 4"]
    focal: tuple[float, float]
    centre: tuple[float, float]
    floor_kind: int
    floor: Colour
    backdrop: int
    wall: Colour
    is_indoor: bool
    left: float
    right: float
    near: float
    far: float
    ceiling: float
    radius: float
    clear: float
    to_key: Colour
    key: Colour
    sky: Colour
    zenith: Colour
    horizon: Colour
    is_patched: bool
    seed: int


def build_stage(
    place: Place, camera: Camera, people_cam_m: Float32[np.ndarray, "n 3"], floor: Colour, rng: np.random.Generator
) -> Stage:
    """A stage of that place that holds the people and the camera."""
    world_from_cam = np.linalg.inv(camera.cam_from_world)
    people = people_cam_m.astype(np.float64) @ world_from_cam[:3, :3].T + world_from_cam[:3, 3]
    ahead = world_from_cam[:3, 2]
    heading = float(np.arctan2(ahead[1], ahead[0])) - np.pi / 2 + float(rng.uniform(-0.45, 0.45))
    cosine, sine = np.cos(heading), np.sin(heading)
    turn = np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    low, high = extent(people)
    origin = np.array([*((low + high) / 2.0)[:2], 0.0])
    stage_from_world = np.column_stack([turn, -turn @ origin])
    local = people @ turn.T - turn @ origin
    eye = turn @ (world_from_cam[:3, 3] - origin)
    wall = place.wall_rgb[int(rng.integers(len(place.wall_rgb)))]
    nearest, farthest = extent(local)
    low, high = np.minimum(nearest, eye), np.maximum(farthest, eye)
    sides = rng.uniform(0.8, 3.2, size=2)
    radius = rng.uniform(11.0, 22.0) if place.backdrop in ("trees", "street", "court") else rng.uniform(40.0, 70.0)
    return Stage(
        stage_from_cam=stage_from_world @ np.vstack([world_from_cam[:3], (0.0, 0.0, 0.0, 1.0)]),
        focal=(float(camera.K[0, 0]), float(camera.K[1, 1])),
        centre=(float(camera.K[0, 2]), float(camera.K[1, 2])),
        floor_kind=FLOORS.index(place.floor),
        floor=floor,
        backdrop=BACKDROPS.index(place.backdrop),
        wall=floor if place.backdrop == "sweep" else linear_of(wall),
        is_indoor=place.setting == "indoor",
        left=float(low[0] - sides[0]),
        right=float(high[0] + sides[1]),
        near=float(low[1] - 0.6),
        far=float(high[1] + rng.uniform(0.9, 3.4)),
        ceiling=float(max(high[2] + 0.35, rng.uniform(2.5, 3.1))),
        radius=float(max(radius, 1.5 * np.linalg.norm(eye[:2]) + 2.0)),
        clear=float(farthest[1] + 0.15),
        to_key=(0.0, 0.0, 1.0),
        key=(0.0, 0.0, 0.0),
        sky=(0.0, 0.0, 0.0),
        zenith=(0.0, 0.0, 0.0),
        horizon=(0.0, 0.0, 0.0),
        is_patched=False,
        seed=int(rng.integers(1 << 20)),
    )


def furnished(stage: Stage, place: Place, rng: np.random.Generator) -> Blocks:
    """What stands in that place behind the people."""
    room = Room(left=stage.left + 0.02, right=stage.right - 0.02, near=stage.clear, far=stage.far)
    if not stage.is_indoor:
        near = stage.clear + float(rng.uniform(0.5, 2.0))
        room = Room(left=-9.0, right=9.0, near=near, far=max(near + 2.0, min(stage.radius - 1.0, near + 12.0)))
    rows = furnish(place.things, stage.is_indoor, room, rng)
    return blocks_of(rows, stage.stage_from_cam, stage.focal, stage.centre)


def lit_stage(stage: Stage, lamp: Lamp, light: Light) -> Stage:
    """The stage under a lamp and its light's sky."""
    towards = stage.stage_from_cam[:, :3] @ np.array(lamp.to_key)
    return stage._replace(
        to_key=(float(towards[0]), float(towards[1]), float(towards[2])),
        key=lamp.key,
        sky=lamp.sky,
        zenith=light.zenith_rgb,
        horizon=light.horizon_rgb,
        is_patched=light.is_patched,
    )


def ground_point_cam_m(stage: Stage) -> Float[np.ndarray, "3"]:
    """The stage's origin, on the ground, in the camera frame."""
    return -stage.stage_from_cam[:, :3].T @ stage.stage_from_cam[:, 3]
