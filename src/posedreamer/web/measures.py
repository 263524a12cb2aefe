"""Numbers of the kept people that no column holds: how the camera sees them, how they are bent, how they are built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Float64

from posedreamer.bodies import load_body
from posedreamer.dataset.open import Dataset
from posedreamer.errors import PoseDreamerError
from posedreamer.execution.parquet import open_parquet
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.records import Camera
from posedreamer.web.selection import spread

__all__ = ["Measures", "View", "measure", "view_of"]

MOST_ROWS = 6400
_COLUMNS = ("width", "height", "camera", "people.list.element.keypoints_3d_cam_m")
_PERSON_COLUMNS = ("people.list.element.amodal_bbox", "people.list.element.body", "people.list.element.keypoints_2d")
_VIEWS = ("fov_deg", "distance_m", "elevation_deg", "azimuth_deg", "height_share", "visible_joints")
_CHAINS: Mapping[str, tuple[str, str, str]] = {
    "hip bend": ("shoulder", "hip", "knee"),
    "knee bend": ("hip", "knee", "ankle"),
    "elbow bend": ("shoulder", "elbow", "wrist"),
}
_SHAPES = ("phenotype", "betas")
_FACING_LIMIT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a camera sees one person.

    Attributes:
        fov_deg: horizontal field of view.
        distance_m: from the camera to the middle of the hips.
        elevation_deg: above 0 the camera stands higher than the hips and looks down on them.
        azimuth_deg: in (-180, 180]; 0 sees the chest, 90 the person's left side, 180 the back. NaN for a person whose
            chest points up or down, so that no side faces the camera.
    """

    fov_deg: float
    distance_m: float
    elevation_deg: float
    azimuth_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Measured people.

    Attributes:
        samples: how many of the kept samples were measured.
        views: ``View`` fields, "height_share" (box height over picture height) and "visible_joints", one number per
            person.
        bends: "trunk tilt" from upright, and "hip bend", "knee bend", "elbow bend" from straight, in degrees.
        shapes: body model -> parameter entry -> values.
    """

    samples: int
    views: Mapping[str, Float64[np.ndarray, " n"]] = field(repr=False)
    bends: Mapping[str, Float64[np.ndarray, " m"]] = field(repr=False)
    shapes: Mapping[str, Mapping[str, Float64[np.ndarray, " k"]]] = field(repr=False)


def measure(dataset: Dataset, most_rows: int = MOST_ROWS) -> Measures:
    """Measures of the kept people; of a large data set only of evenly spaced row groups, about ``most_rows`` rows."""
    views: dict[str, list[float]] = {name: [] for name in _VIEWS}
    bends: dict[str, list[float]] = {name: [] for name in ("trunk tilt", *_CHAINS)}
    shapes: dict[str, dict[str, list[float]]] = {}
    samples = 0
    for row in _rows(dataset, most_rows):
        samples += 1
        camera = Camera(
            width=row["width"],
            height=row["height"],
            K=np.array(row["camera"]["K"], dtype=np.float64),
            cam_from_world=np.array(row["camera"]["cam_from_world"], dtype=np.float64),
        )
        for person in row["people"]:
            joints = np.array(person["keypoints_3d_cam_m"], dtype=np.float64)
            _note_view(views, camera, joints)
            views["height_share"].append(person["amodal_bbox"][3] / camera.height)
            views["visible_joints"].append(sum(point[2] == 2 for point in person["keypoints_2d"]))
            _note_bends(bends, camera, joints)
            _note_shape(shapes, person["body"])
    return Measures(
        samples=samples,
        views={name: _finite(values) for name, values in views.items()},
        bends={name: _finite(values) for name, values in bends.items()},
        shapes={body: {name: _finite(found) for name, found in rows.items()} for body, rows in shapes.items()},
    )


def view_of(camera: Camera, joints_cam_m: Float[np.ndarray, "17 3"]) -> View:
    """How the camera sees a person with these COCO joints (camera frame, metres)."""
    up = camera.cam_from_world[:3, 2]
    hips, trunk, across = _frame(joints_cam_m)
    distance = float(np.linalg.norm(hips))
    facing = _unit(np.cross(across, trunk))
    front, back_to_camera = facing - up * (facing @ up), -hips + up * (hips @ up)
    azimuth = float("nan")
    if np.linalg.norm(front) > _FACING_LIMIT and np.linalg.norm(back_to_camera) > 1e-6:
        left = np.cross(up, front)
        azimuth = float(np.degrees(np.arctan2(back_to_camera @ left, back_to_camera @ front)))
    return View(
        fov_deg=float(2.0 * np.degrees(np.arctan2(camera.width / 2.0, camera.K[0, 0]))),
        distance_m=distance,
        elevation_deg=float(np.degrees(np.arcsin(np.clip(-(hips @ up) / max(distance, 1e-9), -1.0, 1.0)))),
        azimuth_deg=azimuth,
    )


def _rows(dataset: Dataset, most_rows: int) -> Iterator[dict[str, Any]]:
    """Rows of evenly spaced row groups, the columns that are measured."""
    groups: list[tuple[str, int]] = []
    rows = 0
    for part in dataset.manifest.samples:
        with open_parquet(dataset.path / part.path) as file:
            groups += [(part.path, group) for group in range(file.metadata.num_row_groups)]
            rows += file.metadata.num_rows
    wanted = len(groups) if rows <= most_rows else max(1, most_rows * len(groups) // rows)
    for place in spread(len(groups), wanted):
        path, group = groups[place]
        with open_parquet(dataset.path / path) as file:
            yield from file.read_row_group(group, columns=[*_COLUMNS, *_PERSON_COLUMNS]).to_pylist()


def _note_view(views: dict[str, list[float]], camera: Camera, joints: Float64[np.ndarray, "17 3"]) -> None:
    view = view_of(camera, joints)
    views["fov_deg"].append(view.fov_deg)
    views["distance_m"].append(view.distance_m)
    views["elevation_deg"].append(view.elevation_deg)
    views["azimuth_deg"].append(view.azimuth_deg)


def _note_bends(bends: dict[str, list[float]], camera: Camera, joints: Float64[np.ndarray, "17 3"]) -> None:
    _, trunk, _ = _frame(joints)
    bends["trunk tilt"].append(_angle_deg(trunk, camera.cam_from_world[:3, 2]))
    for side in ("left", "right"):
        for name, chain in _CHAINS.items():
            a, b, c = joints[COCO_17.indices_of(tuple(f"{side}_{joint}" for joint in chain))]
            bends[name].append(_angle_deg(b - a, c - b))


def _note_shape(shapes: dict[str, dict[str, list[float]]], body: Mapping[str, Any]) -> None:
    """Adds the body's shape parameters under its model and version."""
    for parameter in body["parameters"]:
        if parameter["name"] in _SHAPES:
            group = shapes.setdefault(f"{body['model']} {body['version']}", {})
            names = _entry_names(body["model"], parameter["name"], len(parameter["values"]))
            for name, value in zip(names, parameter["values"], strict=True):
                group.setdefault(name, []).append(value)


def _entry_names(model: str, parameter: str, count: int) -> Sequence[str]:
    """The model's names of a parameter's elements, numbered ones for a model that is not installed."""
    try:
        names = load_body(model).spec.parameter(parameter).entries
    except (PoseDreamerError, KeyError):
        names = ()
    return names if len(names) == count else [f"{parameter} {place}" for place in range(count)]


def _frame(joints: Float[np.ndarray, "17 3"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middle of the hips, trunk from hips to shoulders, and the person's right to left."""
    rows = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
    left_hip, right_hip, left_shoulder, right_shoulder = joints[COCO_17.indices_of(rows)].astype(np.float64)
    hips = (left_hip + right_hip) / 2.0
    return hips, (left_shoulder + right_shoulder) / 2.0 - hips, left_hip - right_hip + left_shoulder - right_shoulder


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _angle_deg(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(_unit(a) @ _unit(b), -1.0, 1.0))))


def _finite(values: Sequence[float]) -> Float64[np.ndarray, " n"]:
    found = np.array(values, dtype=np.float64)
    return found[np.isfinite(found)]
