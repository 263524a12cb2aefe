from __future__ import annotations

import numpy as np
import pytest

from posedreamer.bodies.anny import AnnyBody
from posedreamer.bodies.phenotype import ADULT_AGE
from posedreamer.errors import InputError, RecipeError
from posedreamer.geometry.rotations import matrix_from_axis_angle
from posedreamer.priors.anatomy import HIGH_DEG, LOW_DEG, index_of, mirror_angles
from posedreamer.priors.density import PoseDensity
from posedreamer.priors.families import FAMILIES
from posedreamer.priors.pairs import place_beside
from posedreamer.priors.prior import REVISION, PosePrior, PriorSample


def equal(first: PriorSample, second: PriorSample) -> bool:
    return first.action == second.action and all(
        np.array_equal(value, second.parameters[name]) for name, value in first.parameters.items()
    )


def test_a_draw_depends_on_its_generator_alone(body: AnnyBody, prior: PosePrior, samples: list[PriorSample]) -> None:
    fresh = PosePrior(body=body)
    assert equal(fresh.sample(np.random.default_rng(7)), samples[7])
    assert equal(prior.sample(np.random.default_rng(7)), samples[7])
    assert not equal(samples[7], samples[8])


def test_parameters_are_those_of_the_body(body: AnnyBody, samples: list[PriorSample]) -> None:
    for sample in samples:
        assert tuple(sample.parameters) == tuple(spec.name for spec in body.spec.parameters)
        for spec in body.spec.parameters:
            value = sample.parameters[spec.name]
            assert value.dtype == np.float32
            assert value.shape == spec.shape
            assert ((value >= spec.low) & (value <= spec.high)).all()
        assert ADULT_AGE[0] <= sample.parameters["phenotype"][1] <= ADULT_AGE[1]
        assert sample.family in FAMILIES
        assert np.isfinite(sample.log_density)


def test_angles_of_every_pose_are_inside_the_limits(prior: PosePrior, samples: list[PriorSample]) -> None:
    for sample in samples:
        angles = prior.encoding.angles(sample.parameters)
        assert (angles >= LOW_DEG - 0.1).all(), sample.action
        assert (angles <= HIGH_DEG + 0.1).all(), sample.action
        assert prior.encoding.residual_deg(sample.parameters) < 0.1


def test_everybody_touches_the_ground_except_in_the_air(prior: PosePrior, samples: list[PriorSample]) -> None:
    for sample in samples:
        lowest_m = float(prior.surface_m(sample)[:, 2].min())
        if sample.family in ("jumping", "running", "sport"):
            assert -1e-3 < lowest_m < 0.7
        else:
            assert abs(lowest_m) < 1e-3, sample.action


def centre_of_volume(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Centroid of a closed mesh, from the signed tetrahedra that its faces make with the origin."""
    a, b, c = (vertices[faces[:, k]].astype(np.float64) for k in range(3))
    volume = np.einsum("fi,fi->f", a, np.cross(b, c))
    return ((a + b + c) / 4.0 * volume[:, None]).sum(axis=0) / volume.sum()


def test_standing_people_stand_on_both_soles_in_balance(body: AnnyBody) -> None:
    prior = PosePrior({"standing": 1.0}, body)
    names = body.spec.bone_names
    for index in range(25):
        sample = prior.sample(np.random.default_rng(index))
        posed = body.pose({name: value[None] for name, value in sample.parameters.items()})
        vertices = posed.vertices_m[0].numpy()
        spots = []
        for side in ("left", "right"):
            part = body.topology.part_names.index(f"{side}_foot")
            foot = vertices[np.unique(body.topology.faces[body.topology.face_part == part])]
            touching = foot[foot[:, 2] < 0.012]
            assert np.ptp(touching[:, :2], axis=0).max() > 0.15, "a sole lies flat from heel to toe"
            spots.append(foot[:, :2].mean(axis=0))
        middle = centre_of_volume(vertices, body.topology.faces)[:2]
        between = spots[1] - spots[0]
        along = np.clip((middle - spots[0]) @ between / (between @ between), 0.0, 1.0)
        assert np.linalg.norm(middle - (spots[0] + along * between)) < 0.09
        assert posed.bones_world[0, names.index("head"), 2, 3] > 1.2


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_alone_gives_that_family(body: AnnyBody, family: str) -> None:
    prior = PosePrior({family: 2.0}, body)
    assert {prior.sample(np.random.default_rng(index)).family for index in range(3)} == {family}


def test_weights_are_followed(body: AnnyBody) -> None:
    prior = PosePrior({"lying": 3.0, "standing": 1.0, "yoga": 0.0}, body)
    families = [prior.draw(np.random.default_rng(index)).family for index in range(48)]
    assert 0.55 < families.count("lying") / 48 < 0.93
    assert families.count("yoga") == 0


@pytest.mark.slow
def test_left_and_right_are_drawn_alike(prior: PosePrior) -> None:
    angles = np.array([prior.encoding.angles(prior.draw(np.random.default_rng(k)).parameters) for k in range(150)])
    mirrored = np.array([mirror_angles(row) for row in angles])
    error = np.sqrt(angles.var(axis=0) / len(angles) + mirrored.var(axis=0) / len(angles))
    assert (np.abs(angles.mean(axis=0) - mirrored.mean(axis=0)) < 4.5 * error + 0.5).all()


@pytest.mark.parametrize(
    ("families", "message"),
    [
        ({"standin": 1.0}, 'Did you mean "standing"'),
        ({"standing": -1.0}, "expected a number >= 0"),
        ({"standing": float("nan")}, "expected a number >= 0"),
        ({"standing": 0.0}, "weight above zero"),
        ({}, "weight above zero"),
    ],
)
def test_wrong_weights_are_one_clear_error(body: AnnyBody, families: dict[str, float], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        PosePrior(families, body)


def bent(sample: PriorSample, prior: PosePrior, **angles_deg: float) -> dict[str, np.ndarray]:
    """The sample with some anatomical angles overwritten, limits or not."""
    angles = prior.encoding.angles(sample.parameters)
    for name, value in angles_deg.items():
        angles[index_of(name)] = value
    local = prior.encoding.joints.rotations(angles)
    written = prior.encoding._written(sample.parameters, local)
    return dict(written)


def test_density_falls_when_limits_are_broken(prior: PosePrior, samples: list[PriorSample]) -> None:
    for sample in samples[:20]:
        knee = prior.log_density(bent(sample, prior, left_knee_flexion=-60.0))
        neck = prior.log_density(bent(sample, prior, neck_twist=120.0))
        assert np.isfinite(knee)
        assert knee < sample.log_density - 10.0
        assert neck < sample.log_density - 10.0


def test_a_knee_bent_sideways_costs_density(prior: PosePrior, body: AnnyBody, samples: list[PriorSample]) -> None:
    row = body.spec.parameter("body_pose").entries.index("lowerleg01.L")
    pose = samples[3].parameters["body_pose"].copy()
    pose[row] = (0.0, np.radians(50.0), 0.0)
    broken = {**samples[3].parameters, "body_pose": pose}
    assert prior.encoding.residual_deg(broken) > 30.0
    assert prior.log_density(broken) < samples[3].log_density - 10.0
    _, residual_deg = prior.clamp_to_limits(broken)
    assert residual_deg > 30.0


def test_density_ignores_heading_place_shape_and_side(prior: PosePrior, samples: list[PriorSample]) -> None:
    sample = samples[5]
    turned = matrix_from_axis_angle(np.array([0.0, 0.0, 1.1])) @ matrix_from_axis_angle(
        sample.parameters["global_orient"].astype(np.float64)
    )
    from posedreamer.geometry.rotations import axis_angle_from_matrix

    moved = {
        **sample.parameters,
        "global_orient": axis_angle_from_matrix(turned).astype(np.float32),
        "transl": sample.parameters["transl"] + np.float32(3.0),
        "phenotype": np.full(6, 0.7, dtype=np.float32),
    }
    assert prior.log_density(moved) == pytest.approx(sample.log_density, abs=1e-3)


def test_hardness_orders_poses_as_density_does(prior: PosePrior, samples: list[PriorSample]) -> None:
    order = np.argsort([-s.log_density for s in samples])
    hardness = np.array([prior.hardness(samples[k].parameters) for k in order])
    assert (np.diff(hardness) >= -1e-6).all()
    assert 0.3 < np.median(hardness) < 0.7, "hardness is a share of the prior's own draws"
    assert prior.hardness(bent(samples[0], prior, left_knee_flexion=-90.0)) > 1.0


def test_the_density_file_was_baked_from_this_prior() -> None:
    density = PoseDensity.read()
    assert density.revision == REVISION, "run scripts/bake_prior_density.py"
    assert density.families == tuple(FAMILIES)


def test_clamping_leaves_valid_poses_and_mends_others(prior: PosePrior, samples: list[PriorSample]) -> None:
    clamped, residual_deg = prior.clamp_to_limits(samples[0].parameters)
    np.testing.assert_allclose(clamped["body_pose"], samples[0].parameters["body_pose"], atol=2e-3)
    assert residual_deg < 0.1
    broken = bent(samples[0], prior, right_knee_flexion=-50.0)
    mended, _ = prior.clamp_to_limits(broken)
    assert prior.encoding.angles(mended)[index_of("right_knee_flexion")] == pytest.approx(0.0, abs=0.1)


def test_perturbed_poses_grow_apart_with_scale_and_stay_on_the_ground(
    prior: PosePrior, samples: list[PriorSample]
) -> None:
    parameters = samples[1].parameters
    still = prior.perturb(parameters, np.random.default_rng(0), 0.0)
    np.testing.assert_allclose(still["body_pose"], parameters["body_pose"], atol=1e-4)
    distances = []
    for scale_deg in (3.0, 12.0):
        changed = prior.perturb(parameters, np.random.default_rng(0), scale_deg)
        distances.append(np.abs(changed["body_pose"] - parameters["body_pose"]).max())
        angles = prior.encoding.angles(changed)
        assert ((angles >= LOW_DEG - 0.1) & (angles <= HIGH_DEG + 0.1)).all()
        moved = PriorSample(parameters=changed, family="standing", action="", log_density=0.0)
        assert prior.surface_m(moved)[:, 2].min() == pytest.approx(prior.surface_m(samples[1])[:, 2].min(), abs=1e-3)
    assert 0.0 < distances[0] < distances[1]


@pytest.mark.parametrize("pose", [np.zeros((3, 3), np.float32), np.full((63, 3), np.nan, np.float32)])
def test_a_pose_of_another_body_is_one_clear_error(
    prior: PosePrior, samples: list[PriorSample], pose: np.ndarray
) -> None:
    with pytest.raises(InputError, match=r"\(63, 3\)"):
        prior.log_density({**samples[0].parameters, "body_pose": pose})


def test_two_people_do_not_run_into_each_other(prior: PosePrior, samples: list[PriorSample]) -> None:
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(0)
    for first, second in zip(samples[:8], samples[8:16], strict=True):
        offset = place_beside(prior, first, second, rng)
        gap = cKDTree(prior.surface_m(first)).query(prior.surface_m(second) + offset)[0].min()
        assert 0.05 < gap < 1.6
        assert offset[2] == 0.0
