"""Bodies of the people in pictures: the protocol, and a fit to BlazePose's landmarks under the pose prior.

The fit follows SMPLify's idea (Bogo et al., 2016: joints, a pose prior and joint limits, nothing trained) with metric
landmarks beside those in the picture: the prior's draw that fits them best is bent further by gradient descent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from posedreamer.bodies import load_body
from posedreamer.bodies.protocol import BodyModel
from posedreamer.errors import InputError
from posedreamer.estimators.blazepose import Detection
from posedreamer.estimators.memo import people_in
from posedreamer.estimators.mesh_descent import Weights, bend
from posedreamer.estimators.mesh_figure import PRIOR_BODY, prior_figure
from posedreamer.estimators.mesh_sight import BODY_ROWS, LANDMARK_ROWS, as_seen_from_camera, chances, sights_of
from posedreamer.estimators.mesh_transfer import Placed, as_placed, handed_over, world_parameters
from posedreamer.estimators.weights import blazepose_files
from posedreamer.geometry.camera import intrinsics_px, project_px, to_camera
from posedreamer.records import UNKNOWN_ACTION, Camera, Person, Picture

__all__ = ["FittedPerson", "LandmarkFit", "MeshEstimator", "PictureFit", "level_camera"]

_SEEN: Final = 0.3
_MIN_SEEN: Final = 8
_LEVEL: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedPerson:
    """One person of a picture.

    Attributes:
        person: body and parameters in the world of the fit's camera.
        keypoints_cam_m: the body's keypoints in the camera frame, BODY_65.
        error_px: mean distance in the picture between the body's points and the landmarks that are seen.
        error_share: that over the diagonal of the landmarks' box.
        error_m: mean distance to the metric landmarks, both about their middle; those that are hidden count, too.
        detection: what BlazePose saw, with its mask of this person.
    """

    person: Person
    keypoints_cam_m: Float32[np.ndarray, "65 3"] = field(repr=False)
    error_px: float
    error_share: float
    error_m: float
    detection: Detection = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFit:
    """What was found in one picture.

    Attributes:
        camera: the one that was given; or the assumed one, in a world whose ground is under the lowest person.
        people: best detection first.
        refused: for everyone who was seen and has no body here the reason ("too_few_landmarks", "fit_too_far_off");
            ("nobody_found",) where nobody was seen, ("not_a_picture",) for other arrays than (h, w, 3) of 8 bits.
    """

    camera: Camera
    people: tuple[FittedPerson, ...]
    refused: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why there is nobody; "" where there is somebody."""
        return "" if self.people else self.refused[0]


@runtime_checkable
class MeshEstimator(Protocol):
    """Finds people's bodies in pictures; one picture's answer does not depend on the others."""

    @property
    def version(self) -> str:
        """Names method, options and weights; changes when any number changes."""
        ...

    def fetch(self) -> None:
        """The weights are on this machine afterwards. Raises MissingWeightsError or MissingExtraError."""
        ...

    def fit(self, pictures: Sequence[Picture], cameras: Sequence[Camera | None]) -> list[PictureFit]:
        """One answer per picture, in order; where no camera is known one is assumed.

        Raises InputError for a camera of another size than its picture.
        """
        ...


def level_camera(width: int, height: int, fov_deg: float) -> Camera:
    """A camera that looks level along +y from the origin; ``fov_deg`` is that of the longer side."""
    focal_px = max(width, height) / 2 / float(np.tan(np.radians(fov_deg) / 2))
    matrix = np.eye(4)
    matrix[:3, :3] = _LEVEL
    return Camera(width=width, height=height, K=intrinsics_px(focal_px, width, height), cam_from_world=matrix)


class LandmarkFit:
    """Fits a body to BlazePose's 33 landmarks, in the picture and in metres, under the pose prior and joint limits.

    Nothing is random. People's size cannot be seen in one picture: it comes from BlazePose's metres and an average
    adult, and their distance with it.

    Args:
        body: catalogue name, or a body. Bodies other than the prior's take over its keypoints.
        max_people: per picture; BlazePose's detector mostly finds one.
        fov_deg: of the longer side, for pictures without a camera.
        steps: of descent.
        batch_size: people fitted at once.
        max_error_share, max_error_m: fits that are further off are refused.

    Raises InputError for numbers out of range.
    """

    def __init__(
        self,
        body: str | BodyModel = PRIOR_BODY,
        max_people: int = 1,
        fov_deg: float = 50.0,
        steps: int = 60,
        batch_size: int = 16,
        max_error_share: float = 0.035,
        max_error_m: float = 0.15,
    ) -> None:
        _check("max_people", max_people, 1, 16)
        _check("fov_deg", fov_deg, 5, 150)
        _check("steps", steps, 1, 10_000)
        _check("batch_size", batch_size, 1, 4096)
        self._body = load_body(body) if isinstance(body, str) else body
        self._max_people, self._fov_deg, self._steps, self._batch = max_people, fov_deg, steps, batch_size
        self._max_error_share, self._max_error_m = max_error_share, max_error_m

    @property
    def body(self) -> BodyModel:
        """The body that people get."""
        return self._body

    @property
    def version(self) -> str:
        """Method, weights, body and options."""
        spec = self._body.spec
        options = (self._max_people, self._fov_deg, self._steps, self._max_error_share, self._max_error_m)
        return f"landmark-fit-1 blazepose-full-0.10.21 {spec.name} {spec.version} {options}"

    def fetch(self) -> None:
        """BlazePose's weights are on this machine afterwards; MissingWeightsError otherwise."""
        blazepose_files()

    def fit(self, pictures: Sequence[Picture], cameras: Sequence[Camera | None]) -> list[PictureFit]:
        """One answer per picture, in order. Raises InputError for a camera of another size than its picture."""
        seen = [self._seen(picture, camera) for picture, camera in zip(pictures, cameras, strict=True)]
        jobs = [(fit.camera, one) for fit, found in seen for one in found]
        made: list[FittedPerson | str] = []
        for start in range(0, len(jobs), self._batch):
            made += self._people(jobs[start : start + self._batch])
        answers, place = list[PictureFit](), 0
        for (fit, found), camera in zip(seen, cameras, strict=True):
            mine, place = made[place : place + len(found)], place + len(found)
            people = tuple(each for each in mine if isinstance(each, FittedPerson))
            refused = (*fit.refused, *(each for each in mine if isinstance(each, str)))
            answer = PictureFit(camera=fit.camera, people=people, refused=refused)
            answers.append(answer if camera else _on_the_ground(answer, self._body))
        return answers

    def _seen(self, picture: Picture, camera: Camera | None) -> tuple[PictureFit, list[Detection]]:
        """An answer without people yet, and who may become one."""
        pixels = picture.pixels
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
            nothing = camera or level_camera(1, 1, self._fov_deg)
            return PictureFit(camera=nothing, people=(), refused=("not_a_picture",)), []
        height, width = pixels.shape[:2]
        if camera is not None and (camera.width, camera.height) != (width, height):
            raise InputError(
                f"a picture is {width} x {height}, its camera {camera.width} x {camera.height}; they must be the same"
            )
        known = camera or level_camera(width, height, self._fov_deg)
        found = people_in(picture, self._max_people, ())
        clear = [each for each in found if int((chances(each) >= _SEEN).sum()) >= _MIN_SEEN]
        refused = ("too_few_landmarks",) * (len(found) - len(clear)) if found else ("nobody_found",)
        return PictureFit(camera=known, people=(), refused=refused), clear

    def _people(self, jobs: Sequence[tuple[Camera, Detection]]) -> list[FittedPerson | str]:
        figure = prior_figure()
        cameras = [camera for camera, _ in jobs]
        bent = bend(sights_of([one for _, one in jobs], cameras), figure, Weights(), self._steps)
        placed = as_placed(bent, figure)
        if self._body.spec.name != figure.body.spec.name:
            placed = handed_over(placed, figure, self._body)
        people = [self._person(placed, row, *job) for row, job in enumerate(jobs)]
        return [
            "fit_too_far_off" if one.error_share > self._max_error_share or one.error_m > self._max_error_m else one
            for one in people
        ]

    def _person(self, placed: Placed, row: int, camera: Camera, detection: Detection) -> FittedPerson:
        person = _person(self._body.spec.name, world_parameters(placed, self._body, row, camera))
        posed = self._body.pose({name: value[None] for name, value in person.parameters.items()})
        keypoints = to_camera(camera, posed.keypoints_m[0].numpy().astype(np.float64))
        points, is_seen = keypoints[BODY_ROWS], chances(detection) >= _SEEN
        in_front = np.column_stack([points[:, :2], np.maximum(points[:, 2], 1e-3)])
        landmarks_px = detection.landmarks_px[LANDMARK_ROWS]
        away_px = np.linalg.norm(project_px(camera, in_front) - landmarks_px, axis=1)[is_seen]
        metric = as_seen_from_camera(detection.landmarks_world_m[LANDMARK_ROWS], landmarks_px, camera)
        away_m = np.linalg.norm((points - points.mean(0)) - (metric - metric.mean(0)), axis=1)
        size_px = float(np.hypot(*(detection.box_xyxy_px[2:] - detection.box_xyxy_px[:2])))
        return FittedPerson(
            person=person,
            keypoints_cam_m=keypoints.astype(np.float32),
            error_px=float(away_px.mean()),
            error_share=float(away_px.mean()) / max(size_px, 1.0),
            error_m=float(away_m.mean()),
            detection=detection,
        )


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InputError(f"mesh estimator: {name} is {value}; expected a number from {low:g} to {high:g}")


def _person(body: str, parameters: Mapping[str, Float32[np.ndarray, "..."]]) -> Person:
    return Person(body_model=body, parameters=MappingProxyType(dict(parameters)), action=UNKNOWN_ACTION)


def _on_the_ground(fit: PictureFit, body: BodyModel) -> PictureFit:
    """The same, with the world's origin on the ground under the people: the camera moves along."""
    if not fit.people:
        return fit
    posed = [
        body.pose({name: value[None] for name, value in one.person.parameters.items()}).vertices_m[0].numpy()
        for one in fit.people
    ]
    vertices = np.concatenate(posed).astype(np.float64)
    low, high = vertices.min(0), vertices.max(0)
    origin = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    shift = np.eye(4)
    shift[:3, 3] = origin
    people = tuple(
        replace(
            one,
            person=_person(
                one.person.body_model,
                {**one.person.parameters, "transl": (one.person.parameters["transl"] - origin).astype(np.float32)},
            ),
        )
        for one in fit.people
    )
    camera = replace(fit.camera, cam_from_world=fit.camera.cam_from_world @ shift)
    return replace(fit, camera=camera, people=people)
