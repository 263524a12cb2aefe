"""Laws of every label source that reads files, grounding, and what is said of files that cannot be read."""

import re

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from labels.motion_files import (
    Y_UP,
    Layout,
    moving_human,
    skeleton,
    standing_human,
    without_hands,
    write_amass,
    write_bvh,
)
from labels.test_amass import poses_h, trans
from posedreamer.bodies import load_body
from posedreamer.bodies.retarget import retarget
from posedreamer.errors import InputError
from posedreamer.labels.actions import action_of, fitting_action
from posedreamer.labels.bvh import UNKNOWN_LICENCE, BvhSource, read_bvh
from posedreamer.labels.grounding import ground
from posedreamer.labels.mixture import MixtureSource
from posedreamer.labels.motion import rig
from posedreamer.labels.open import open_labels
from posedreamer.labels.protocol import LabelSource


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "motions"
    (root / "deep").mkdir(parents=True)
    write_bvh(root / "walk_01.bvh", moving_human(0, 12))
    write_bvh(root / "deep" / "kick.bvh", moving_human(1, 12), Layout(rest="down"))
    write_amass(root / "deep" / "trial.npz", poses_h(12), trans(12))
    np.savez(root / "deep" / "shape.npz", betas=np.zeros(16))
    (root / "readme.txt").write_text("two clips and a trial")
    return root


def everything(label):
    """A label as plain, comparable data."""
    people = [(p.body_model, p.action, {k: v.tolist() for k, v in p.parameters.items()}) for p in label.people]
    return label.label_id, label.index, label.source, label.clip, label.licence, label.seed, people


def mesh(label):
    person = label.people[0]
    parameters = {name: np.array(value)[None] for name, value in person.parameters.items()}
    return load_body(person.body_model).pose(parameters).vertices_m[0].numpy()


def test_a_folder_of_everything_is_one_source(folder):
    source = open_labels(folder)
    assert isinstance(source, LabelSource)
    labels = [source.label(k, 7) for k in range(40)]
    assert {label.clip for label in labels} == {"walk_01", "deep/kick", "deep/trial"}
    assert {label.source for label in labels} == {"motions"}
    assert str(folder) not in repr([everything(label) for label in labels])
    licences = {label.clip: label.licence for label in labels}
    assert licences == {"walk_01": UNKNOWN_LICENCE, "deep/kick": UNKNOWN_LICENCE, "deep/trial": "AMASS non-commercial"}
    assert source.licence == f"{UNKNOWN_LICENCE} and AMASS non-commercial"
    actions = {label.clip: label.people[0].action for label in labels if label.people[0].action != "unknown"}
    assert actions == {"walk_01": "walking", "deep/kick": "kicking"}


def test_labels_are_pure(folder):
    first, second = open_labels(folder), open_labels(folder)
    assert first.digest == second.digest
    forward = [everything(first.label(k, 3)) for k in range(8)]
    backward = [everything(second.label(k, 3)) for k in reversed(range(8))][::-1]
    assert forward == backward
    assert forward != [everything(first.label(k, 4)) for k in range(8)]
    assert len({label[0] for label in forward}) == 8
    assert [label[0] for label in forward] == sorted(label[0] for label in forward)


def test_labels_hold_every_parameter_and_cannot_be_changed(folder):
    spec = load_body("anny").spec
    parameters = open_labels(folder).label(0, 0).people[0].parameters
    assert {p.name: p.shape for p in spec.parameters} == {name: value.shape for name, value in parameters.items()}
    assert all(value.dtype == np.float32 for value in parameters.values())
    with pytest.raises(ValueError, match="read-only"):
        parameters["transl"][0] = 1.0


def test_digest_follows_bytes_names_and_options(folder):
    base = open_labels(folder).digest
    assert open_labels(folder, stride=2).digest != base
    assert open_labels(folder, frames_per_clip=2).digest != base
    assert open_labels(folder, licence="CC0-1.0").digest != base
    (folder / "walk_01.bvh").rename(folder / "walk_02.bvh")
    renamed = open_labels(folder).digest
    assert renamed != base
    write_bvh(folder / "walk_02.bvh", moving_human(9, 12))
    assert open_labels(folder).digest != renamed


def test_frames_per_clip_and_stride(tmp_path):
    path = write_bvh(tmp_path / "m.bvh", moving_human(0, 12))

    def drawn(source, count, seed=0):
        poses = [source.label(k, seed).people[0].parameters["body_pose"] for k in range(count)]
        return {pose.tobytes() for pose in poses}

    everyone, few = drawn(BvhSource(path), 40), drawn(BvhSource(path, 4), 30)
    other, strided = drawn(BvhSource(path, 4), 30, seed=1), drawn(BvhSource(path, 0, 5), 20)
    assert (len(few), len(other), len(strided)) == (4, 4, 3)
    assert len(everyone) > 8
    assert len(few & everyone) >= 3
    assert few != other
    with pytest.raises(InputError, match="stride"):
        BvhSource(path, stride=0)


def test_feet_stand_on_the_ground(tmp_path):
    source = BvhSource(write_bvh(tmp_path / "stand.bvh", standing_human()))
    for k in range(6):
        vertices = mesh(source.label(k, 0))
        assert abs(vertices[:, 2].min()) < 1e-4
        assert np.abs(vertices[:, :2].mean(axis=0)).max() < 0.3


def test_a_jump_stays_in_the_air_and_lands(tmp_path):
    clip = read_bvh(write_bvh(tmp_path / "jump.bvh", standing_human(jump_m=0.4)), "jump")
    heights = np.array([mesh_of_frame(clip, frame)[:, 2].min() for frame in range(len(clip))])
    assert heights.min() > -1e-4
    assert heights[20] == pytest.approx(0.4 * 0.79 / 0.83, abs=0.06)  # scaled to this body's legs
    assert np.all(np.abs(heights[[0, 5, 34, 39]]) < 1e-4)


def test_stairs_are_no_jump(tmp_path):
    """Rising for good is not flying: the ground is looked for around the frame."""
    human = standing_human(120)
    human.root_m[:, 2] += np.linspace(0.0, 1.0, 120)
    clip = read_bvh(write_bvh(tmp_path / "stairs.bvh", human), "stairs")
    assert mesh_of_frame(clip, 110)[:, 2].min() < 0.25


def test_a_nailed_root_touches_the_ground(tmp_path):
    human = moving_human(4, 8)
    human.root_m[:] = (0.0, 0.0, 0.9)
    clip = read_bvh(write_bvh(tmp_path / "m.bvh", human), "m")
    assert all(abs(mesh_of_frame(clip, frame)[:, 2].min()) < 1e-4 for frame in range(8))


def mesh_of_frame(clip, frame):
    grounded = ground(
        lambda frames: retarget(clip.rest, clip.rotations(frames), rig()),
        clip.root_height_legs,
        frame,
        clip.frames_per_second,
        np.full(6, 0.5, dtype=np.float32),
        None if "left_hand" in clip.rest.roles else rig(),
    )
    parameters = {name: value[None] for name, value in grounded.parameters.items()}
    return load_body("anny").pose(parameters).vertices_m[0].numpy()


def on_all_fours():
    """Trunk level, arms and thighs straight down, shanks level; the hips a thigh's length above the floor."""
    human = standing_human(4, 0.0)
    forward = Rotation.from_euler("x", 90, degrees=True).as_matrix()
    for k, joint in enumerate(human.joints):
        if joint.role.startswith(("pelvis", "spine", "neck", "head")) or joint.role.endswith("clavicle"):
            human.world[:, k] = forward
        elif joint.role.endswith(("upperarm", "forearm", "hand")):
            sign = 90 if joint.role.startswith("left") else -90
            human.world[:, k] = Rotation.from_euler("y", sign, degrees=True).as_matrix()
        elif joint.role.endswith(("shank", "foot", "toe")):
            human.world[:, k] = forward
    human.root_m[:] = np.linspace([0, 0, 0.5], [0, 0, 0.51], 4)
    return human


def test_propped_hands_lie_on_the_ground_where_the_file_has_none(tmp_path):
    clip = read_bvh(write_bvh(tmp_path / "m.bvh", without_hands(on_all_fours())), "m")
    assert "left_hand" not in clip.rest.roles
    vertices = mesh_of_frame(clip, 2)
    topology = load_body("anny").topology
    hand = np.unique(topology.faces[topology.face_part == topology.part_names.index("left_hand")])
    foot = np.unique(topology.faces[topology.face_part == topology.part_names.index("left_foot")])
    assert vertices[:, 2].min() > -0.006
    assert vertices[hand, 2].min() < 0.03
    assert np.ptp(vertices[hand, 2]) < 0.12  # flat, not on its fingertips
    assert vertices[foot, 2].min() < 0.08


def test_a_calibration_pose_in_front_is_left_out(tmp_path):
    human = standing_human(12)
    for role in ("left_upperarm", "left_forearm", "left_hand"):
        human.world[0, human.index(role)] = np.eye(3)
    clip = read_bvh(write_bvh(tmp_path / "m.bvh", human), "m")
    assert len(clip) == len(clip.root_height_legs) == 11
    for role in ("left_upperarm", "left_forearm", "left_hand"):
        human.world[6, human.index(role)] = np.eye(3)  # as fast later on: then it is motion
    assert len(read_bvh(write_bvh(tmp_path / "m.bvh", human), "m")) == 12


def test_units_do_not_matter(tmp_path):
    human = standing_human(jump_m=0.3)
    found = []
    for unit in (1.0, 100.0, 39.37, 17.7):
        clip = read_bvh(write_bvh(tmp_path / "m.bvh", human, Layout(unit=unit)), "m")
        found.append(mesh_of_frame(clip, 20)[:, 2].min())
    assert np.ptp(found) < 1e-3


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("cmu_12_01_walk", "walking"),
        ("WalkFast_03", "walking"),
        ("kick", "kicking"),
        ("getup_facedown", "getting up"),
        ("stand_up", "getting up"),
        ("subject1/dance_a", "dancing"),
        ("walk_to_sit", "unknown"),
        ("trial_07", "unknown"),
        ("sandwich", "unknown"),
        ("", "unknown"),
    ],
)
def test_action_from_the_name(name, action):
    assert action_of(name) == action


def test_an_action_that_the_posture_denies_is_unknown():
    assert fitting_action("crawling", "upright") == "unknown"
    assert fitting_action("crawling", "floor") == "crawling"
    assert fitting_action("walking", "floor") == "unknown"
    assert fitting_action("walking", "upright") == "walking"
    assert fitting_action("doing a cartwheel", "inverted") == "doing a cartwheel"


def rename(path, change):
    text = path.read_text()
    head, mark, motion = text.partition("MOTION")
    path.write_text(change(head) + mark + motion)
    return path


def dog_by_name(path):
    """A dog with paws."""
    return rename(
        write_bvh(path, moving_human(0)), lambda head: head.replace("Hand", "Paw").replace("ForeArm", "Forepaw")
    )


def dog_with_human_names(path):
    """A dog whose joints are named as a human's, with the trunk level and a tail."""
    return rename(write_bvh(path, moving_human(0)), lambda head: head.replace("JOINT Neck", "JOINT Tail"))


def four_legged(path):
    """Human names, but the trunk lies level over the legs at rest."""
    joints = skeleton(False)
    human = standing_human(5)
    level = [
        type(joint)(joint.role, joint.parent, joint.offset[[0, 2, 1]] * (1, -1, 1), joint.tip)
        if joint.role.startswith(("spine", "neck")) or joint.role.endswith("clavicle")
        else joint
        for joint in joints
    ]
    return write_bvh(path, type(human)(tuple(level), human.world, human.root_m))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (dog_by_name, "missing: left forearm, right forearm"),
        (dog_with_human_names, "Tail"),
        (four_legged, "four-legged"),
    ],
)
def test_a_dog_is_no_human(tmp_path, make, says):
    with pytest.raises(InputError, match=says) as error:
        BvhSource(make(tmp_path / "dog.bvh"))
    assert "dog.bvh" in str(error.value)


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.6, 0.9, 0.999])
def test_a_bvh_that_was_cut_short_is_named(tmp_path, share):
    path = cut(write_bvh(tmp_path / "walk.bvh", moving_human(0, 20)), share)
    with pytest.raises(InputError, match=r"walk\.bvh: not a readable BVH"):
        open_labels(path)


def test_frames_that_are_not_finite_are_named(tmp_path):
    path = write_bvh(tmp_path / "walk.bvh", moving_human(0, 20))
    lines = path.read_text().splitlines()
    words = lines[-3].split()
    lines[-3] = " ".join(["nan", *words[1:]])
    path.write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"walk\.bvh.*first in frame 17"):
        open_labels(path)


def test_swapped_sides_are_noticed(tmp_path):
    swap = {"Left": "Right", "Right": "Left"}
    path = write_bvh(tmp_path / "m.bvh", moving_human(0))
    rename(path, lambda head: re.sub("Left|Right", lambda m: swap[m[0]], head))
    with pytest.raises(InputError, match="toes point backwards"):
        open_labels(path)


def test_all_bad_files_of_a_folder_are_listed_at_once(folder):
    cut(folder / "walk_01.bvh", 0.4)
    cut(folder / "deep" / "trial.npz", 0.5)
    with pytest.raises(InputError, match="2 files cannot be used") as error:
        open_labels(folder)
    assert "walk_01.bvh" in str(error.value)
    assert "trial.npz" in str(error.value)


def test_a_folder_of_pictures_is_said_to_be_one(tmp_path):
    for k in range(3):
        (tmp_path / f"{k}.jpg").write_bytes(b"jpg")
    (tmp_path / "captions.txt").write_text("a dog")
    with pytest.raises(InputError, match=r"3 \.jpg, 1 \.txt; expected \.bvh"):
        open_labels(tmp_path)
    with pytest.raises(InputError, match="expected"):
        open_labels(tmp_path / "0.jpg")
    with pytest.raises(InputError, match="there is nothing"):
        open_labels(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no files"):
        open_labels(tmp_path / "empty")


def test_up_can_be_told(tmp_path):
    path = write_bvh(tmp_path / "m.bvh", standing_human(jump_m=0.3), Layout(rest_axes=Y_UP))
    assert np.allclose(read_bvh(path, "m").world_from_file, read_bvh(path, "m", "+y").world_from_file, atol=1e-9)
    assert np.ptp(read_bvh(path, "m", "z").root_height_legs) < 0.01 < np.ptp(read_bvh(path, "m").root_height_legs)
    with pytest.raises(InputError, match="up axis"):
        open_labels(path, up="sideways")


def test_mixture_follows_its_weights(folder):
    walk, kick = BvhSource(folder / "walk_01.bvh"), BvhSource(folder / "deep" / "kick.bvh")
    mixture = MixtureSource([(walk, 3.0), (kick, 1.0)])
    assert isinstance(mixture, LabelSource)
    clips = [mixture.label(k, 0).clip for k in range(60)]
    assert 33 <= clips.count("walk_01") <= 56
    assert [mixture.label(k, 0).clip for k in range(10)] == clips[:10]
    assert mixture.digest != MixtureSource([(walk, 1.0), (kick, 1.0)]).digest
    assert mixture.digest == MixtureSource([(walk, 0.75), (kick, 0.25)]).digest
    assert mixture.label(0, 0).label_id != walk.label(0, 0).label_id
    assert MixtureSource([(walk, 1.0), (kick, 0.0)]).label(5, 0).clip == "walk_01"
