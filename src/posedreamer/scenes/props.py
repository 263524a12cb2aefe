"""Things put into a scene: a seat under who sits, and something on the ground between the camera and the people.

Both are placed against the posed meshes themselves. A seat fills room that is free, its top at the lowest point of what
rests on it, so it touches and cuts through nobody. What stands in front is drawn again until the share of a person that
it hides is within HIDDEN_SHARE and nobody's head is hidden; each draws its own most, small ones more often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Float32, Int32

from posedreamer.geometry.camera import project_px, to_camera
from posedreamer.geometry.keypoints import BODY_65
from posedreamer.records import UNKNOWN_ACTION, Buffers, Camera, Prop
from posedreamer.rendering.rasterizer import Mesh, prop_meshes, rasterize
from posedreamer.scenes.shapes import Solid, moved
from posedreamer.scenes.things import OCCLUDERS, SEATS, SeatSpace

__all__ = ["HIDDEN_SHARE", "Body", "draw_occluder", "draw_seat", "seat_space"]

HIDDEN_SHARE: Final = (0.04, 0.25)
"""Least share of one person's visible pixels, and most of anybody's, that a thing in front hides."""

TRIES: Final = 8
TEST_PX: Final = 128
HEAD_RADIUS_M: Final = 0.17
CLEAR_M: Final = 0.04
NEAREST_M: Final = 0.4
MOST_OF_PICTURE: Final = 0.3
SEAT_HALF_WIDTHS_M: Final = (0.22, 0.19, 0.16)
SEAT_FRONTS: Final = (0.75, 0.6, 0.45, 0.3, 0.2)
SEAT_BACK_M: Final = 0.17
REST_HEIGHT_M: Final = 0.44
HIP_ABOVE_SEAT_M: Final = 0.2
HIP_HEIGHT_M: Final = (0.3, 1.1)
SEAT_ODDS: Final = {"wooden stool": 0.3, "wooden chair": 0.32, "bench": 0.1, "box": 0.16, "pouf": 0.12}

HIPS: Final = BODY_65.indices_of(("left_hip", "right_hip"))
KNEES: Final = BODY_65.indices_of(("left_knee", "right_knee"))
SHOULDERS: Final = BODY_65.indices_of(("left_shoulder", "right_shoulder"))
HEAD: Final = BODY_65.indices_of(("nose", "left_eye", "right_eye", "left_ear", "right_ear"))
AIMS: Final = BODY_65.indices_of(
    ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_wrist", "right_wrist")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A posed person in the world frame, and what the label says they do."""

    vertices_m: Float32[np.ndarray, "v 3"] = field(repr=False)
    faces: Int32[np.ndarray, "f 3"] = field(repr=False)
    keypoints_m: Float32[np.ndarray, "65 3"] = field(repr=False)
    action: str


def draw_seat(index: int, bodies: Sequence[Body], camera: Camera, rng: np.random.Generator) -> Prop | None:
    """A seat under body ``index``, or None where it does not sit or there is no room."""
    frame = _seat_frame(bodies[index])
    if frame is None:
        return None
    space, wide = _free_room(_local(frame, bodies), frame[3], bodies[index])
    if space is None:
        return None
    odds = dict(SEAT_ODDS)
    if wide is None:
        del odds["bench"]
    if space.rest_m > 0.32 or not _is_turned_to(camera, bodies[index]):
        # a back rest would stand between the camera and the back
        del odds["wooden chair"]
    kinds = list(odds)
    weights = np.array(list(odds.values()))
    kind = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
    make, colours = SEATS[kind]
    colour = colours[int(rng.integers(len(colours)))]
    solid = make(wide if kind == "bench" and wide else space, rng)
    return _prop(kind, colour, moved(solid, frame[2], (frame[0], frame[1], 0.0)), camera, index)


def _is_turned_to(camera: Camera, body: Body) -> bool:
    """Whether the thighs point to the camera's side rather than away from it."""
    eye = np.linalg.inv(camera.cam_from_world)[:2, 3]
    hips, knees = body.keypoints_m[list(HIPS), :2].mean(axis=0), body.keypoints_m[list(KNEES), :2].mean(axis=0)
    return bool((knees - hips) @ (eye - hips) > 0.0)


def seat_space(index: int, bodies: Sequence[Body]) -> SeatSpace | None:
    """The free room under body ``index``, None where it does not sit on anything above the ground."""
    frame = _seat_frame(bodies[index])
    return None if frame is None else _free_room(_local(frame, bodies), frame[3], bodies[index])[0]


def _seat_frame(body: Body) -> tuple[float, float, float, float] | None:
    """x, y and yaw of the seat's frame and the thighs' reach, where the pose is one of sitting."""
    if body.action != UNKNOWN_ACTION and "sitting" not in body.action:
        return None
    hips, knees = body.keypoints_m[list(HIPS)], body.keypoints_m[list(KNEES)]
    middle = hips.mean(axis=0)
    thighs = knees - hips
    lengths = np.linalg.norm(thighs, axis=1)
    trunk = body.keypoints_m[list(SHOULDERS)].mean(axis=0) - middle
    ahead = thighs[:, :2].mean(axis=0)
    reach = float(np.linalg.norm(ahead))
    is_seated = (
        HIP_HEIGHT_M[0] < middle[2] < HIP_HEIGHT_M[1]
        and float((np.abs(thighs[:, 2]) / lengths).max()) < 0.55
        and trunk[2] > 0.6 * np.linalg.norm(trunk)
        and reach > 0.5 * float(lengths.mean())
        and float(body.vertices_m[:, 2].min()) < 0.1
    )
    if not is_seated:
        return None
    return float(middle[0]), float(middle[1]), float(np.arctan2(ahead[0], -ahead[1])), reach


def _local(frame: tuple[float, float, float, float], bodies: Sequence[Body]) -> Float[np.ndarray, "n 3"]:
    """Everybody's vertices in the seat's frame: y to the back of who sits."""
    x, y, yaw, _ = frame
    cosine, sine = np.cos(yaw), np.sin(yaw)
    points = np.concatenate([body.vertices_m for body in bodies]).astype(np.float64) - (x, y, 0.0)
    points = points[(np.abs(points[:, :2]) < 1.2).all(axis=1)]
    return points @ np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def _free_room(
    points: Float[np.ndarray, "n 3"], reach_m: float, body: Body
) -> tuple[SeatSpace | None, SeatSpace | None]:
    """The largest seat that holds up the hips and cuts nothing, and as wide as a bench where that is free, too."""
    least_m = float(body.keypoints_m[list(HIPS), 2].mean()) - HIP_ABOVE_SEAT_M
    for half_m in SEAT_HALF_WIDTHS_M:
        for front in SEAT_FRONTS:
            front_m = -front * reach_m
            top_m = _lowest(points, half_m, front_m, SEAT_BACK_M)
            if not least_m < top_m < 2.0:
                continue
            space = SeatSpace(
                half_width_m=half_m,
                front_m=front_m,
                back_m=SEAT_BACK_M,
                top_m=top_m,
                rest_m=_rest(points, half_m, front_m, top_m),
            )
            is_wide = _lowest(points, 0.55, front_m, SEAT_BACK_M + 0.05) >= top_m
            bench = SeatSpace(
                half_width_m=0.55, front_m=front_m, back_m=SEAT_BACK_M + 0.05, top_m=top_m, rest_m=space.rest_m
            )
            return space, bench if is_wide else None
    return None, None


def _lowest(points: Float[np.ndarray, "n 3"], half_m: float, front_m: float, back_m: float) -> float:
    above = (np.abs(points[:, 0]) <= half_m) & (points[:, 1] >= front_m) & (points[:, 1] <= back_m)
    return float(points[above, 2].min(initial=np.inf))


def _rest(points: Float[np.ndarray, "n 3"], half_m: float, front_m: float, top_m: float) -> float:
    """Where a back rest may stand: behind everything above the seat; far away where a seat that deep is not free."""
    beside = np.abs(points[:, 0]) <= half_m + 0.03
    level = beside & (points[:, 2] >= top_m - 0.05) & (points[:, 2] <= top_m + REST_HEIGHT_M)
    rest_m = float(points[level, 1].max(initial=SEAT_BACK_M)) + 0.005
    return rest_m if _lowest(points, half_m, front_m, rest_m + 0.06) >= top_m else np.inf


def draw_occluder(
    bodies: Sequence[Body], seats: Sequence[Prop], camera: Camera, rng: np.random.Generator
) -> Prop | None:
    """A thing on the ground before the people, or None where no draw hid a fair share of them."""
    test = _coarse(camera)
    meshes = [Mesh(vertices_cam_m=_in_camera(camera, body.vertices_m), faces=body.faces) for body in bodies]
    before = rasterize(meshes, test, prop_meshes(seats))
    heads = _heads(test, bodies, before)
    things = np.concatenate([*(body.vertices_m[::5] for body in bodies), *(_in_world(camera, s) for s in seats)])
    kinds = list(OCCLUDERS)
    most = HIDDEN_SHARE[0] + (HIDDEN_SHARE[1] - HIDDEN_SHARE[0]) * float(rng.uniform(0.3, 1.0)) ** 2
    for _ in range(TRIES):
        kind = kinds[int(rng.integers(len(kinds)))]
        thing = OCCLUDERS[kind]
        colour = thing.colours[int(rng.integers(len(thing.colours)))]
        own = thing.make(rng)
        place = _place(bodies, camera, rng)
        if not _is_clear(own, place, things):
            continue
        prop = _prop(kind, colour, moved(own, place[2], (place[0], place[1], 0.0)), camera, -1)
        if prop.vertices_cam_m[:, 2].min() > NEAREST_M and _hides_fairly(prop, before, heads, (test, most)):
            return prop
    return None


def _coarse(camera: Camera) -> Camera:
    factor = min(TEST_PX / max(camera.width, camera.height), 1.0)
    width, height = max(round(camera.width * factor), 1), max(round(camera.height * factor), 1)
    K = camera.K * np.array([[width / camera.width], [height / camera.height], [1.0]])
    return Camera(width=width, height=height, K=K, cam_from_world=camera.cam_from_world)


def _heads(camera: Camera, bodies: Sequence[Body], before: Buffers) -> Bool[np.ndarray, "h w"]:
    """Pixels of somebody's head."""
    rows, columns = np.ogrid[0.5 : camera.height, 0.5 : camera.width]
    found = np.zeros((camera.height, camera.width), dtype=bool)
    for index, body in enumerate(bodies):
        centre_m = to_camera(camera, body.keypoints_m[list(HEAD)].astype(np.float64)).mean(axis=0)
        if centre_m[2] <= 0:
            continue
        x, y = project_px(camera, centre_m)
        radius = HEAD_RADIUS_M * camera.K[0, 0] / centre_m[2]
        found |= ((columns - x) ** 2 + (rows - y) ** 2 < radius**2) & (before.person_id == index)
    return found


def _place(bodies: Sequence[Body], camera: Camera, rng: np.random.Generator) -> tuple[float, float, float]:
    """x, y and yaw of a thing on the line from the camera to a joint, or near it."""
    body = bodies[int(rng.integers(len(bodies)))]
    aim = body.keypoints_m[AIMS[int(rng.integers(len(AIMS)))], :2] + rng.normal(0.0, 0.15, 2)
    eye = -camera.cam_from_world[:3, :3].T @ camera.cam_from_world[:3, 3]
    way = aim - eye[:2]
    place = eye[:2] + rng.uniform(0.4, 0.92) * way
    across = float(np.arctan2(way[1], way[0])) - np.pi / 2
    yaw = across + float(rng.normal(0.0, 0.35)) + np.pi * float(rng.random() < 0.5)
    return float(place[0]), float(place[1]), yaw


def _is_clear(own: Solid, place: tuple[float, float, float], points_m: Float[np.ndarray, "n 3"]) -> bool:
    """Nobody within the thing's own box."""
    x, y, yaw = place
    cosine, sine = np.cos(yaw), np.sin(yaw)
    local = (points_m[:, :2] - (x, y)) @ np.array([[cosine, -sine], [sine, cosine]])
    low, high = own.vertices_m.min(axis=0) - CLEAR_M, own.vertices_m.max(axis=0) + CLEAR_M
    inside = (local > low[:2]) & (local < high[:2])
    return not bool((inside.all(axis=1) & (points_m[:, 2] < high[2])).any())


def _hides_fairly(prop: Prop, before: Buffers, heads: Bool[np.ndarray, "h w"], test: tuple[Camera, float]) -> bool:
    camera, most = test
    count = int(before.person_id.max(initial=0)) + 1
    depth_m = rasterize([], camera, prop_meshes([prop])).depth_m
    in_front = depth_m < before.depth_m
    if (in_front & heads).any() or in_front.mean() > MOST_OF_PICTURE:
        return False
    shown = np.bincount(before.person_id[before.person_id >= 0], minlength=count)
    hidden = np.bincount(before.person_id[(before.person_id >= 0) & in_front], minlength=count)
    shares = hidden / np.maximum(shown, 1)
    return bool(HIDDEN_SHARE[0] <= shares.max() <= most)


def _prop(kind: str, colour: str, solid: Solid, camera: Camera, seats: int) -> Prop:
    return Prop(
        kind=kind,
        colour=colour,
        vertices_cam_m=_in_camera(camera, solid.vertices_m),
        faces=solid.faces,
        face_material=solid.face_material,
        seats=seats,
    )


def _in_camera(camera: Camera, points_m: Float[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
    return to_camera(camera, points_m).astype(np.float32)


def _in_world(camera: Camera, prop: Prop) -> Float[np.ndarray, "n 3"]:
    matrix = camera.cam_from_world
    return (prop.vertices_cam_m - matrix[:3, 3]) @ matrix[:3, :3]
