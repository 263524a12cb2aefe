"""Bodies fitted to pictures with known labels: near the truth, and with a reason where there is none."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from posedreamer.bodies import load_body
from posedreamer.bodies.protocol import BodyPose, BodySpec, BodyTopology
from posedreamer.errors import InputError
from posedreamer.estimators import mesh
from posedreamer.estimators.mesh import LandmarkFit, MeshEstimator, PictureFit
from posedreamer.estimators.mesh_depth import mesh_buffers, objects_in_front, without
from posedreamer.estimators.mesh_sight import rigid_turns, solve_translation
from posedreamer.generation.protocol import PaintJob
from posedreamer.generation.studio import StudioGenerator
from posedreamer.geometry.camera import project_px, to_camera
from posedreamer.geometry.keypoints import BODY_65, COCO_17
from posedreamer.recipes.conditions import RecipeConditions
from posedreamer.records import REGIONS, Condition, Picture

COCO = BODY_65.indices_of(COCO_17.names)
GREY = Picture(pixels=np.full((128, 96, 3), 128, dtype=np.uint8))


@dataclass(frozen=True)
class Shot:
    picture: Picture
    condition: Condition

    @property
    def true_cam_m(self) -> np.ndarray:
        return self.condition.scene.people[0].keypoints_cam_m[COCO].astype(np.float64)


@pytest.fixture(scope="module")
def shots() -> list[Shot]:
    """Eight studio pictures of the recipe ``demo``."""
    conditions = RecipeConditions(recipe="demo", seed=3)
    made = [one for index in range(14) if (one := conditions(index)) is not None][:8]
    painted = StudioGenerator().paint([PaintJob(condition=one, candidate_index=0, seed=7) for one in made])
    return [Shot(picture, one) for picture, one in zip(painted, made, strict=True)]


@pytest.fixture(scope="module")
def fits(shots: list[Shot]) -> list[PictureFit]:
    return LandmarkFit().fit([s.picture for s in shots], [s.condition.scene.camera for s in shots])


def pa_mpjpe_m(found_m: np.ndarray, true_m: np.ndarray) -> float:
    one, other = torch.as_tensor(found_m), torch.as_tensor(true_m)
    return float(rigid_turns(one, other, torch.ones(len(one), dtype=one.dtype))[2])


def errors_of(shots: list[Shot], fits: list[PictureFit]) -> tuple[list[float], list[float]]:
    """PA-MPJPE in metres, and the mean distance in the picture over the diagonal of the person's box."""
    aligned, shares = [], []
    for shot, fit in zip(shots, fits, strict=True):
        for person in fit.people[:1]:
            found = person.keypoints_cam_m[COCO].astype(np.float64)
            aligned.append(pa_mpjpe_m(found, shot.true_cam_m))
            camera, label = shot.condition.scene.camera, shot.condition.annotation.people[0]
            away_px = np.linalg.norm(project_px(camera, found) - label.keypoints_2d[:, :2], axis=1)
            shares.append(float(away_px.mean() / np.hypot(*label.amodal_bbox_xywh_px[2:])))
    return aligned, shares


@pytest.mark.network
def test_fitted_joints_are_near_the_true_ones(shots: list[Shot], fits: list[PictureFit]) -> None:
    aligned, shares = errors_of(shots, fits)
    assert len(aligned) >= 7
    assert np.mean(aligned) < 0.075
    assert np.mean(shares) < 0.04
    rest = load_body("anny").pose(load_body("anny").neutral(1)).keypoints_m[0].numpy()[COCO].astype(np.float64)
    resting = [pa_mpjpe_m(rest, shot.true_cam_m) for shot in shots]
    assert np.mean(aligned) < 0.6 * np.mean(resting)


@pytest.mark.network
def test_the_parameters_are_the_body_that_was_measured(shots: list[Shot], fits: list[PictureFit]) -> None:
    body = load_body("anny")
    for shot, fit in zip(shots, fits, strict=True):
        assert fit.camera is shot.condition.scene.camera
        for one in fit.people:
            assert set(one.person.parameters) == {spec.name for spec in body.spec.parameters}
            posed = body.pose({name: value[None] for name, value in one.person.parameters.items()})
            found = to_camera(fit.camera, posed.keypoints_m[0].numpy().astype(np.float64))
            assert np.abs(found - one.keypoints_cam_m).max() < 1e-3
            assert one.error_share < 0.035
            assert 0.0 < one.error_m < 0.15
            if shot.condition.scene.props:
                continue  # they hide what the silhouette is compared with
            silhouette = mesh_buffers(fit).person_id == 0
            true = shot.condition.buffers.person_id == 0
            assert (silhouette & true).sum() > 0.6 * (silhouette | true).sum()


@pytest.mark.network
def test_without_a_camera_people_stand_on_the_ground_of_an_assumed_one(
    shots: list[Shot], fits: list[PictureFit]
) -> None:
    alone = LandmarkFit().fit([shot.picture for shot in shots[:3]], [None] * 3)
    body = load_body("anny")
    for given, assumed in zip(fits, alone, strict=False):
        (one,) = assumed.people
        vertices = body.pose({k: v[None] for k, v in one.person.parameters.items()}).vertices_m[0].numpy()
        assert abs(float(vertices[:, 2].min())) < 1e-4
        assert np.abs(vertices[:, :2].min(0) + vertices[:, :2].max(0)).max() < 1e-3
        assert one.error_share < 0.035
        known = given.people[0].keypoints_cam_m[COCO].astype(np.float64)
        assert pa_mpjpe_m(one.keypoints_cam_m[COCO].astype(np.float64), known) < 0.05


@pytest.mark.network
def test_more_steps_come_nearer(shots: list[Shot], fits: list[PictureFit]) -> None:
    started = LandmarkFit(steps=1, max_error_share=1.0, max_error_m=1.0).fit(
        [shot.picture for shot in shots], [shot.condition.scene.camera for shot in shots]
    )
    before = np.mean([fit.people[0].error_px for fit in started if fit.people])
    assert np.mean([fit.people[0].error_px for fit in fits if fit.people]) < 0.7 * before


@pytest.mark.network
def test_whom_no_body_fits_is_refused_with_a_reason(shots: list[Shot], monkeypatch: pytest.MonkeyPatch) -> None:
    picture, camera = shots[0].picture, shots[0].condition.scene.camera
    (strict,) = LandmarkFit(steps=1, max_error_share=0.0).fit([picture], [camera])
    assert strict.people == ()
    assert strict.reason == "fit_too_far_off"
    seen = mesh.people_in(picture, 1, ())[0]
    hidden = dataclasses.replace(seen, visibility=seen.visibility * 0.0)
    monkeypatch.setattr(mesh, "people_in", lambda *_: (hidden,))
    (unclear,) = LandmarkFit(steps=1).fit([picture], [camera])
    assert unclear.reason == "too_few_landmarks"


@pytest.mark.network
def test_nobody_and_no_picture_are_reasons_and_a_wrong_camera_is_an_error(shots: list[Shot]) -> None:
    estimator = LandmarkFit(steps=2)
    assert isinstance(estimator, MeshEstimator)
    wrong = Picture(pixels=np.zeros((8, 8, 3), dtype=np.uint8))
    object.__setattr__(wrong, "pixels", np.zeros((0, 8, 3), dtype=np.uint8))
    answers = estimator.fit([GREY, wrong, shots[0].picture], [None, None, None])
    assert [answer.reason for answer in answers][:2] == ["nobody_found", "not_a_picture"]
    assert answers[2].reason in ("", "fit_too_far_off")
    assert (answers[0].camera.width, answers[0].camera.height) == (96, 128)
    with pytest.raises(InputError, match="a picture is 96 x 128, its camera 256 x 256"):
        estimator.fit([GREY], [shots[0].condition.scene.camera])


@pytest.mark.network
def test_a_thing_before_a_person_is_cut_out_of_their_depth() -> None:
    conditions = RecipeConditions(recipe="demo", settings=("occluder_share=1.0", "seats=false"), seed=1)
    made = next(one for index in range(9) if (one := conditions(index)) is not None and one.scene.props)
    (picture,) = StudioGenerator().paint([PaintJob(condition=made, candidate_index=0, seed=7)])
    (fit,) = LandmarkFit().fit([picture], [made.scene.camera])
    buffers, things = mesh_buffers(fit), picture.regions == REGIONS.index("prop")
    people = (picture.regions != REGIONS.index("background")) & ~things
    hidden = objects_in_front(buffers.person_id >= 0, people, things)
    before = things & (buffers.person_id >= 0)
    assert hidden.sum() > 0.9 * before.sum() > 20
    assert not (hidden & ~before).any()
    less = without(buffers, hidden)
    assert np.isinf(less.depth_m[hidden]).all()
    assert np.isfinite(less.depth_m[(buffers.person_id >= 0) & ~hidden]).all()


@pytest.mark.parametrize("wrong", [{"fov_deg": 0.0}, {"steps": 0}, {"batch_size": 0}, {"max_people": 99}])
def test_numbers_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        LandmarkFit(**wrong)


class OtherBody:
    """Anny under another name, known by the protocol alone: no anatomy, no short way to keypoints."""

    def __init__(self) -> None:
        self._body = load_body("anny")

    @property
    def spec(self) -> BodySpec:
        return dataclasses.replace(self._body.spec, name="other")

    @property
    def topology(self) -> BodyTopology:
        return self._body.topology

    def neutral(self, batch):
        return self._body.neutral(batch)

    def forward(self, parameters) -> BodyPose:
        return self._body.forward(parameters)

    def pose(self, parameters) -> BodyPose:
        return self._body.pose(parameters)


@pytest.mark.network
def test_any_other_body_takes_over_the_priors_keypoints(shots: list[Shot], fits: list[PictureFit]) -> None:
    others = LandmarkFit(body=OtherBody()).fit(
        [shot.picture for shot in shots[:2]], [shot.condition.scene.camera for shot in shots[:2]]
    )
    for other, own in zip(others, fits, strict=False):
        (one,) = other.people
        assert one.person.body_model == "other"
        away_m = np.linalg.norm(one.keypoints_cam_m - own.people[0].keypoints_cam_m, axis=1)[COCO]
        assert away_m.mean() < 0.02


def test_turns_and_scales_are_found_again() -> None:
    rng = np.random.default_rng(0)
    points = torch.as_tensor(rng.normal(size=(20, 9, 3)))
    turns = torch.as_tensor(Rotation.random(20, rng=rng).as_matrix())
    targets = 1.7 * points @ turns.transpose(-1, -2) + torch.as_tensor(rng.normal(size=(20, 1, 3)))
    found, scale, apart = rigid_turns(points, targets, torch.as_tensor(rng.uniform(0.1, 1, (20, 9))))
    assert torch.allclose(found, turns)
    assert torch.allclose(scale, torch.full_like(scale, 1.7))
    assert float(apart.max()) < 1e-9
    mirrored, _, far = rigid_turns(points, points * torch.tensor([-1.0, 1.0, 1.0]), torch.ones(20, 9).double())
    assert torch.allclose(torch.det(mirrored), torch.ones(20).double())
    assert float(far.min()) > 0.1


def test_places_are_found_again_and_lie_ahead() -> None:
    rng = np.random.default_rng(1)
    points = torch.as_tensor(rng.normal(0, 0.4, (20, 12, 3)))
    places = torch.as_tensor(np.column_stack([rng.normal(0, 1, (20, 2)), rng.uniform(2, 8, 20)]))
    placed = points + places[:, None]
    weights = torch.as_tensor(rng.uniform(0.1, 1, (20, 12)))
    found = solve_translation(points, placed[..., :2] / placed[..., 2:], weights)
    assert torch.allclose(found, places, atol=1e-3)
    behind = solve_translation(points, torch.as_tensor(rng.normal(0, 5, (20, 12, 2))), weights)
    assert bool(((points + behind[:, None])[..., 2] > 0.2).all())
