"""The stick figures: which joints are drawn, in which colours, and who is in front."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from posedreamer.geometry.camera import intrinsics_px
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.records import Annotation, Camera, Person, PersonAnnotation
from posedreamer.rendering.skeleton import OPENPOSE_18, draw_label, draw_openpose, openpose_18

STANDING = np.array(
    [[0, 40], [6, 34], [-6, 34], [12, 38], [-12, 38], [30, 80], [-30, 80], [45, 130], [-45, 130], [50, 180], [-50, 180],
     [18, 190], [-18, 190], [20, 270], [-20, 270], [22, 350], [-22, 350]], dtype=np.float32
)  # fmt: skip


def person(offset_x=128.0, depth_m=3.0, visibility=2.0, hands=0.0) -> PersonAnnotation:
    xy = STANDING + np.array([offset_x, 20], dtype=np.float32)
    hand = np.column_stack([offset_x + 90 + np.arange(21) * 2, 200 + np.arange(21) % 4 * 6, np.full(21, hands)])
    nothing = np.zeros((21, 3), dtype=np.float32)
    return PersonAnnotation(
        person=Person(body_model="anny", parameters={}, action="standing"),
        keypoints_2d=np.column_stack([xy, np.full(17, visibility)]).astype(np.float32),
        keypoints_3d_cam_m=np.column_stack([xy / 100, np.full(17, depth_m)]).astype(np.float32),
        feet_2d=np.zeros((6, 3), dtype=np.float32),
        left_hand_2d=hand.astype(np.float32),
        right_hand_2d=nothing,
        bbox_xywh_px=np.array([offset_x - 60, 40, 120, 340.0]),
        amodal_bbox_xywh_px=np.array([offset_x - 60, 40, 120, 340.0]),
        visible_px=1000,
        posture="upright",
    )


def without(one: PersonAnnotation, *names: str) -> PersonAnnotation:
    one.keypoints_2d[COCO_17.indices_of(names), 2] = 0
    return one


def at(picture, joint, one):
    x, y, _ = one.keypoints_2d[COCO_17.index(joint)]
    return tuple(int(channel) for channel in picture[int(y), int(x)])


def test_the_neck_is_between_the_shoulders_and_no_more_visible_than_they_are():
    points = person().keypoints_2d
    points[COCO_17.index("left_shoulder"), 2] = 1
    neck = openpose_18(points)[OPENPOSE_18.index("neck")]
    assert np.allclose(neck, [128, 100, 1])
    points[COCO_17.index("right_shoulder"), 2] = 0
    assert openpose_18(points)[OPENPOSE_18.index("neck"), 2] == 0


def test_joints_and_limbs_have_the_standard_colours():
    one = person()
    picture = draw_openpose([one], 256, 512)
    assert at(picture, "nose", one) == (255, 0, 0)
    assert at(picture, "right_shoulder", one) == (255, 170, 0)
    assert at(picture, "left_wrist", one) == (0, 255, 85)
    assert at(picture, "left_ankle", one) == (85, 0, 255)
    knee, ankle = one.keypoints_2d[COCO_17.index("left_knee")], one.keypoints_2d[COCO_17.index("left_ankle")]
    x, y = ((knee + ankle) / 2)[:2].astype(int)
    assert tuple(picture[y, x]) == (0, int(0.6 * 85), int(0.6 * 255))
    assert len(OPENPOSE_18.edges) == 17


def test_joints_outside_the_frame_are_not_drawn_nor_their_limbs():
    one = without(person(), "left_knee")
    picture = draw_openpose([one], 256, 512)
    assert at(picture, "left_knee", one) == (0, 0, 0)
    knee = one.keypoints_2d[COCO_17.index("left_knee")]
    for other in ("left_hip", "left_ankle"):
        x, y = ((knee + one.keypoints_2d[COCO_17.index(other)]) / 2)[:2].astype(int)
        assert tuple(picture[y, x]) == (0, 0, 0)
    assert (draw_openpose([person(visibility=0.0)], 256, 512) == 0).all()


def test_occluded_limbs_are_drawn_like_visible_ones_and_a_hidden_face_is_not():
    visible, hidden = person(visibility=2.0), person(visibility=1.0)
    full, behind = draw_openpose([visible], 256, 512), draw_openpose([hidden], 256, 512)
    for joint in ("left_wrist", "right_ankle", "left_shoulder"):
        assert at(behind, joint, hidden) == at(full, joint, visible) != (0, 0, 0)
    for joint in ("nose", "left_eye", "right_ear"):
        assert at(full, joint, visible) != (0, 0, 0)
        assert at(behind, joint, hidden) == (0, 0, 0)


def test_hands_are_drawn_when_they_are_in_the_frame():
    bare, hands = draw_openpose([person()], 256, 512), draw_openpose([person(hands=2.0)], 256, 512)
    added = (bare != hands).any(axis=2)
    assert added.any()
    assert added[:, 210:].any()
    assert ((hands[added] == (0, 0, 255)).all(axis=1)).any()


def test_the_nearer_person_is_drawn_over_the_farther_whatever_the_order():
    near, far = person(128, 2.0), person(98, 4.0)  # the far one's left shoulder is at the near one's neck
    one, two = draw_openpose([near, far], 256, 512), draw_openpose([far, near], 256, 512)
    assert (one == two).all()
    assert tuple(one[100, 128]) == (255, 85, 0)
    swapped = draw_openpose([person(128, 4.0), person(98, 2.0)], 256, 512)
    assert tuple(swapped[100, 128]) == (85, 255, 0)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_points_can_be_drawn_and_inputs_stay_as_they_are(seed):
    rng = np.random.default_rng(seed)
    one = person()
    one.keypoints_2d[:, :2] = rng.normal(0, 10.0 ** rng.integers(1, 5), (17, 2))
    one.keypoints_2d[:, 2] = rng.integers(0, 3, 17)
    before = one.keypoints_2d.copy()
    picture = draw_openpose([one], 64, 48)
    assert picture.shape == (48, 64, 3)
    assert (one.keypoints_2d == before).all()


def test_line_width_grows_with_the_picture():
    """The same person at twice the size covers about four times as many pixels."""
    small = person()
    large = person()
    large.keypoints_2d[:, :2] *= 2
    sizes = ((small, 256, 512), (large, 512, 1024))
    areas = [(draw_openpose([one], width, height) > 0).any(axis=2).sum() for one, width, height in sizes]
    assert 3.3 < areas[1] / areas[0] < 4.4


def test_the_overlay_marks_sides_and_leaves_the_picture_alone():
    picture = np.full((512, 256, 3), 90, dtype=np.uint8)
    camera = Camera(width=256, height=512, K=intrinsics_px(300, 256, 512), cam_from_world=np.eye(4))
    one = person()
    one.keypoints_2d[COCO_17.index("left_wrist"), 2] = 1
    annotation = Annotation(camera=camera, people=(one,), person_id=np.full((512, 256), -1, dtype=np.int32))
    drawn = draw_label(picture, annotation)
    assert (picture == 90).all()
    assert at(drawn, "left_knee", one)[0] > at(drawn, "left_knee", one)[2]
    assert at(drawn, "right_knee", one)[2] > at(drawn, "right_knee", one)[0]
    assert at(drawn, "left_wrist", one) == (255, 255, 255)
    assert (drawn[40, 100] == 255).all()
