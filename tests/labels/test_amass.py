"""AMASS files of every layout."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from labels.motion_files import write_amass
from posedreamer.bodies.retarget import retarget
from posedreamer.errors import InputError
from posedreamer.labels.amass import AMASS_LICENCE, AmassSource, read_amass
from posedreamer.labels.motion import rig
from posedreamer.labels.smpl_rest import SMPL_H, SMPL_X

UPRIGHT = np.array([np.pi / 2, 0.0, 0.0])  # SMPL's y up stood on the world's z


def poses_h(frames=5, seed=0):
    """SMPL-H poses (frames, 156): someone who moves a little, fingers too."""
    poses = np.random.default_rng(seed).normal(0, 0.15, (frames, 156))
    poses[:, :3] = UPRIGHT
    return poses


def as_smpl_x(poses):
    return np.concatenate([poses[:, :66], np.zeros((len(poses), 9)), poses[:, 66:]], axis=1)


def parts(poses):
    return {
        "root_orient": poses[:, :3],
        "pose_body": poses[:, 3:66],
        "pose_hand": poses[:, 66:],
        "surface_model_type": "smplx",
    }


def trans(frames=5):
    return np.tile([0.3, -0.2, 0.95], (frames, 1))


def anny(path):
    clip = read_amass(path, "clip")
    return retarget(clip.rest, clip.rotations(np.arange(len(clip))), rig())


def test_smpl_h_and_smpl_x_layouts_give_the_same_pose(tmp_path):
    poses = poses_h()
    base = anny(write_amass(tmp_path / "h.npz", poses, trans()))
    whole = anny(write_amass(tmp_path / "x.npz", as_smpl_x(poses), trans()))
    split = anny(write_amass(tmp_path / "p.npz", None, trans(), **parts(poses)))
    for name, value in base.items():
        assert np.allclose(whole[name], value, atol=1e-5), name
        assert np.allclose(split[name], value, atol=1e-5), name


def test_zero_pose_is_a_t_pose_facing_forward(tmp_path):
    zero = np.zeros((1, 156))
    zero[:, :3] = UPRIGHT
    clip = read_amass(write_amass(tmp_path / "t.npz", zero, trans(1)), "t")
    rotations = clip.rotations(np.array([0]))
    assert np.allclose(rotations[0], np.eye(3), atol=1e-6)
    assert clip.rest.directions["left_upperarm"][0] > 0.99
    assert clip.rest.directions["right_upperarm"][0] < -0.99
    assert clip.rest.directions["left_foot"][1] < -0.8


def test_a_bent_left_elbow_brings_the_left_hand_forward(tmp_path):
    """SMPL's left elbow flexes about -y of its own frame; the left hand then lies in front of the body (-y)."""
    import torch

    from posedreamer.bodies import load_body

    poses = np.zeros((1, 156))
    poses[:, :3] = UPRIGHT
    joint = SMPL_H.roles.index("left_forearm")
    poses[:, 3 * joint : 3 * joint + 3] = [0.0, -np.pi / 2, 0.0]
    body = load_body("anny")
    found = body.neutral(1) | anny(write_amass(tmp_path / "e.npz", poses, trans(1)))
    bones = body.bones({name: torch.as_tensor(value) for name, value in found.items()}).numpy()[0, :, :3, 3]
    at = dict(zip(body.spec.bone_names, bones, strict=True))
    assert at["wrist.L"][1] < at["lowerarm01.L"][1] - 0.15
    assert abs(at["wrist.R"][1] - at["lowerarm01.R"][1]) < 0.05


def test_the_world_turns_with_the_root(tmp_path):
    poses = poses_h(1)
    turn = Rotation.from_euler("z", 70, degrees=True)
    turned = poses.copy()
    turned[0, :3] = (turn * Rotation.from_rotvec(poses[0, :3])).as_rotvec()
    base = anny(write_amass(tmp_path / "a.npz", poses, trans(1)))
    other = anny(write_amass(tmp_path / "b.npz", turned, trans(1)))
    assert np.allclose(base["body_pose"], other["body_pose"], atol=1e-5)
    both = turn * Rotation.from_rotvec(base["global_orient"][0])
    assert np.allclose(both.as_matrix(), Rotation.from_rotvec(other["global_orient"][0]).as_matrix(), atol=1e-5)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("female", "female"),
        (b"male", "male"),
        (np.array(["female"]), "female"),
        ("neutral", "unknown"),
        (None, "unknown"),
    ],
)
def test_gender_is_read_in_every_spelling(tmp_path, value, found):
    assert read_amass(write_amass(tmp_path / "g.npz", poses_h(), trans(), gender=value), "g").gender == found


def test_a_pickled_gender_is_not_loaded(tmp_path):
    path = write_amass(tmp_path / "g.npz", poses_h(), trans(), gender=np.array("male", dtype=object))
    assert read_amass(path, "g").gender == "unknown"


def test_gender_reaches_the_phenotype_and_betas_do_not(tmp_path):
    for gender, low, high in (("female", 0.5, 1.0), ("male", 0.0, 0.5)):
        source = AmassSource(write_amass(tmp_path / f"{gender}.npz", poses_h(), trans(), gender=gender))
        drawn = [source.label(k, 0).people[0].parameters["phenotype"] for k in range(12)]
        assert all(low <= phenotype[0] <= high for phenotype in drawn)
        assert all(phenotype[1] > 0.6 for phenotype in drawn)  # adults
        assert np.ptp(np.stack(drawn)[:, 3]) > 0.1  # shapes differ from label to label
    wide = write_amass(tmp_path / "wide.npz", poses_h(), trans(), betas=np.full(16, 3.0))
    thin = write_amass(tmp_path / "thin.npz", poses_h(), trans(), betas=np.full(16, -3.0))
    assert all(np.array_equal(anny(wide)[name], value) for name, value in anny(thin).items())


@pytest.mark.parametrize("key", ["mocap_framerate", "mocap_frame_rate"])
def test_frame_rate_under_both_names(tmp_path, key):
    entries = {"mocap_framerate": None} | {key: np.array(48.0)}
    assert read_amass(write_amass(tmp_path / "r.npz", poses_h(), trans(), **entries), "r").frames_per_second == 48.0


def test_licence_and_unknown_action(tmp_path):
    label = AmassSource(write_amass(tmp_path / "trial_07.npz", poses_h(), trans())).label(0, 0)
    assert label.licence == AMASS_LICENCE == "AMASS non-commercial"
    assert label.people[0].action == "unknown"
    assert label.clip == "trial_07"


def test_joint_tables_are_trees_with_sides():
    for joints, count in ((SMPL_H, 52), (SMPL_X, 55)):
        assert len(joints.roles) == len(joints.parents) == count
        assert all(parent < k for k, parent in enumerate(joints.parents))
        named = [role for role in joints.roles if role]
        assert len(set(named)) == len(named)
        for k, role in enumerate(joints.roles):
            above = joints.roles[joints.parents[k]] if k else ""
            sides = {word for word in ("left", "right") for name in (role, above) if name.startswith(word)}
            assert len(sides) < 2, role


def broken(tmp_path, kind):
    path = tmp_path / "walk.npz"
    poses, where = poses_h(), trans()
    if kind == "nan":
        poses[3, 7] = np.nan
    if kind == "short trans":
        where = where[:-2]
    if kind == "columns":
        poses = poses[:, :100]
    write_amass(path, poses, where)
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if kind == "empty":
        path.write_bytes(b"")
    if kind == "no motion":
        np.savez(path, betas=np.zeros(16))
    if kind == "text":
        path.write_text("not an archive")
    if kind == "npy":
        with path.open("wb") as file:
            np.save(file, poses)
    if kind == "damaged":
        data = bytearray(path.read_bytes())
        data[200:260] = b"\x00" * 60
        path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("nan", "not finite in 1 of 5 frames, first in frame 3"),
        ("short trans", "'trans'"),
        ("columns", "156"),
        ("truncated", "cut short"),
        ("empty", "cut short"),
        ("no motion", "betas"),
        ("text", "not a readable npz"),
        ("npy", "not a readable npz"),
        ("damaged", "npz"),
    ],
)
def test_a_bad_file_gives_one_clear_error(tmp_path, kind, says):
    path = broken(tmp_path, kind)
    with pytest.raises(InputError, match=says) as error:
        AmassSource(path)
    assert "walk.npz" in str(error.value)
