import numpy as np
import pytest

from posed import scene_of
from posedreamer.bodies import load_body
from posedreamer.geometry.camera import intrinsics_px, look_at, project_px
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.records import Camera, Person
from posedreamer.rendering.rasterizer import Mesh, rasterize
from posedreamer.scenes.annotate import annotate


def _person(shift_m=(0.0, 0.0, 0.0)):
    body = load_body("anny")
    parameters = {name: value[0] for name, value in body.neutral(1).items()}
    lowest_m = float(body.pose(body.neutral(1)).vertices_m[0, :, 2].min())
    parameters["transl"] = np.array([shift_m[0], shift_m[1], shift_m[2] - lowest_m], dtype=np.float32)
    return Person(body_model="anny", parameters=parameters, action="standing")


def _scene(eye_m, people, size=256, focal_px=300.0):
    camera = Camera(
        width=size,
        height=size,
        K=intrinsics_px(focal_px, size, size),
        cam_from_world=look_at(np.array(eye_m, dtype=float), np.array([0.0, 0.0, 0.85])),
    )
    return scene_of(people, camera)


def _annotated(scene):
    faces = load_body("anny").topology.faces
    meshes = [Mesh(vertices_cam_m=posed.vertices_cam_m, faces=faces) for posed in scene.people]
    return annotate(scene, rasterize(meshes, scene.camera))


def _v(annotation, name, person=0):
    return annotation.people[person].keypoints_2d[COCO_17.index(name), 2]


def test_from_the_front_every_joint_is_visible_and_left_is_on_the_right():
    annotation = _annotated(_scene((0.0, -3.0, 0.85), [_person()]))
    keypoints = annotation.people[0].keypoints_2d
    hidden = [name for name in COCO_17.names if _v(annotation, name) != 2]
    assert hidden in ([], ["left_ear", "right_ear"])
    assert keypoints[COCO_17.index("left_shoulder"), 0] > keypoints[COCO_17.index("right_shoulder"), 0]
    assert keypoints[COCO_17.index("nose"), 1] < keypoints[COCO_17.index("left_ankle"), 1]


def test_from_behind_the_face_is_hidden_and_the_limbs_are_not():
    annotation = _annotated(_scene((0.0, 3.0, 0.85), [_person()]))
    for name in ("nose", "left_eye", "right_eye"):
        assert _v(annotation, name) == 1
    for name in ("left_elbow", "right_knee", "left_shoulder", "right_ankle", "left_hip"):
        assert _v(annotation, name) == 2


def test_from_the_side_the_far_side_is_hidden():
    annotation = _annotated(_scene((3.0, 0.0, 0.85), [_person()]))
    for name in ("left_shoulder", "left_hip", "left_ear"):
        assert _v(annotation, name) == 2
    for name in ("right_shoulder", "right_hip", "right_ear", "right_eye"):
        assert _v(annotation, name) == 1


def test_joints_out_of_frame_are_zero_and_keep_their_place():
    annotation = _annotated(_scene((0.0, -1.0, 0.85), [_person()]))
    ankle = annotation.people[0].keypoints_2d[COCO_17.index("left_ankle")]
    assert ankle[2] == 0
    assert ankle[1] > 256


def test_boxes_hold_the_mask_and_the_mesh():
    scene = _scene((0.0, -3.0, 0.85), [_person()])
    annotation = _annotated(scene)
    person = annotation.people[0]
    rows, columns = np.nonzero(annotation.person_id == 0)
    x, y, w, h = person.bbox_xywh_px
    assert (x, y, x + w, y + h) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert person.visible_px == rows.size
    mesh_px = project_px(scene.camera, scene.people[0].vertices_cam_m.astype(np.float64))
    assert np.allclose(person.amodal_bbox_xywh_px[:2], mesh_px.min(axis=0), atol=1e-3)
    assert person.amodal_bbox_xywh_px == pytest.approx([x, y, w, h], abs=2.0)


def test_the_amodal_box_is_not_clipped_by_the_frame():
    person = _annotated(_scene((0.0, -1.0, 0.85), [_person()])).people[0]
    assert person.amodal_bbox_xywh_px[1] + person.amodal_bbox_xywh_px[3] > 256
    assert person.bbox_xywh_px[1] + person.bbox_xywh_px[3] <= 256


def test_a_person_in_front_hides_the_one_behind_whatever_the_order():
    front, back = _person((0.0, -0.8, 0.0)), _person((0.0, 0.4, 0.0))
    for people, front_index in (([front, back], 0), ([back, front], 1)):
        annotation = _annotated(_scene((0.0, -3.0, 0.85), people))
        assert _v(annotation, "left_hip", front_index) == 2
        assert _v(annotation, "left_hip", 1 - front_index) == 1
        assert annotation.people[front_index].visible_px > annotation.people[1 - front_index].visible_px > 0
