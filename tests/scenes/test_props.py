from functools import lru_cache

import numpy as np
import pytest

from posedreamer.bodies import load_body
from posedreamer.errors import InputError
from posedreamer.labels.prior import PriorSource
from posedreamer.records import PROP_MATERIALS, Scene
from posedreamer.rendering.maps import depth_inverse, depth_millimetres, normals_rgb
from posedreamer.rendering.rasterizer import Mesh
from posedreamer.scenes.annotate import annotate
from posedreamer.scenes.buffers import rasterize_scene
from posedreamer.scenes.build import SceneBuilder
from posedreamer.scenes.cameras import PoseDreamerCamera, PosePlusPlusCamera
from posedreamer.scenes.props import HIDDEN_SHARE, Body, seat_space
from posedreamer.scenes.things import OCCLUDERS, SEATS, SeatSpace


@lru_cache(maxsize=1)
def _labels():
    seated = PriorSource(families={"sitting": 1.0})
    standing = PriorSource(families={"standing": 0.6, "walking": 0.4}, people=1)
    return [*(seated.label(k, 5) for k in range(8)), *(standing.label(k, 6) for k in range(8))]


def _builder(**options):
    cameras = {PosePlusPlusCamera(): 0.5, PoseDreamerCamera(): 0.5}
    return SceneBuilder(cameras=cameras, width=128, height=128, min_joints_in_frame=4, **options)


@lru_cache(maxsize=8)
def _scenes(seats=False, occluder_share=0.0):
    builder = _builder(seats=seats, occluder_share=occluder_share)
    built = [builder.build(label, np.random.default_rng(label.index)) for label in _labels()]
    return [scene for scene in built if isinstance(scene, Scene)]


def _world(scene, points_cam_m):
    matrix = scene.camera.cam_from_world
    return (np.asarray(points_cam_m, dtype=np.float64) - matrix[:3, 3]) @ matrix[:3, :3]


def _without_props(scene):
    return Scene(label=scene.label, camera=scene.camera, people=scene.people)


def _volume(vertices, faces):
    a, b, c = vertices[faces].transpose(1, 0, 2)
    return float(np.einsum("fx,fx->", a, np.cross(b, c)) / 6)


def test_people_who_sit_have_a_seat_and_people_who_stand_have_none():
    scenes = _scenes(seats=True)
    seated = [scene for scene in scenes if scene.label.people[0].action.startswith("sitting")]
    assert sum(bool(scene.props) for scene in seated) >= 0.8 * len(seated) > 0
    assert not any(scene.props for scene in scenes if scene not in seated)


def test_a_seat_touches_what_rests_on_it_and_stands_on_the_ground():
    for scene in _scenes(seats=True):
        for prop in scene.props:
            assert prop.seats == 0
            seat = _world(scene, prop.vertices_cam_m)
            body = Body(
                vertices_m=_world(scene, scene.people[0].vertices_cam_m).astype(np.float32),
                faces=load_body("anny").topology.faces,
                keypoints_m=_world(scene, scene.people[0].keypoints_cam_m).astype(np.float32),
                action="sitting",
            )
            space = seat_space(0, [body])
            assert space is not None
            hips_m = body.keypoints_m[11:13, 2].mean()
            assert 0.0 < hips_m - space.top_m < 0.2
            assert np.abs(seat[:, 2] - space.top_m).min() < 1e-3
            assert seat[:, 2].min() == pytest.approx(0.0, abs=2e-3)


@pytest.mark.parametrize("kind", SEATS)
def test_seats_stay_within_the_room_that_is_free(kind):
    space = SeatSpace(half_width_m=0.2, front_m=-0.3, back_m=0.17, top_m=0.45, rest_m=0.2)
    solid = SEATS[kind][0](space, np.random.default_rng(0))
    under = solid.vertices_m[solid.vertices_m[:, 2] < 0.45 + 1e-9]
    assert under[:, 1].min() >= -0.3 - 1e-9
    assert np.abs(solid.vertices_m[:, 0]).max() <= 0.2 + 1e-9
    assert under[:, 1].max() <= 0.2 + 0.06
    over = solid.vertices_m[solid.vertices_m[:, 2] > 0.45 + 1e-9]
    assert (over[:, 1] > 0.2 - 1e-9).all()


@pytest.mark.parametrize("kind", OCCLUDERS)
def test_things_are_small_meshes_on_the_ground_wound_outward(kind):
    for seed in range(5):
        solid = OCCLUDERS[kind].make(np.random.default_rng(seed))
        assert len(solid.faces) == len(solid.face_material) < 600
        assert solid.faces.min() >= 0
        assert solid.faces.max() < len(solid.vertices_m)
        assert solid.face_material.max() < len(PROP_MATERIALS)
        assert solid.vertices_m[:, 2].min() == pytest.approx(0.0, abs=0.04)
        closed = solid.face_material != (PROP_MATERIALS.index("leaves") if kind == "potted plant" else -1)
        assert _volume(solid.vertices_m, solid.faces[closed]) > 0.0


def test_what_stands_in_front_hides_a_bounded_share_and_nobodys_head():
    found = [scene for scene in _scenes(occluder_share=1.0) if scene.props]
    assert len(found) >= 5
    for scene in found:
        shown = annotate(_without_props(scene), rasterize_scene(_without_props(scene))).people[0]
        left = annotate(scene, rasterize_scene(scene)).people[0]
        hidden = 1.0 - left.visible_px / shown.visible_px
        assert HIDDEN_SHARE[0] - 0.015 <= hidden <= HIDDEN_SHARE[1] + 0.015
        assert (left.keypoints_2d[:5] == shown.keypoints_2d[:5]).all()
        x, y, w, h = left.bbox_xywh_px
        x0, y0, w0, h0 = shown.bbox_xywh_px
        assert x0 <= x
        assert y0 <= y
        assert x + w <= x0 + w0
        assert y + h <= y0 + h0


def test_joints_behind_a_prop_are_occluded_and_others_keep_their_visibility():
    hidden_ones = 0
    for scene in _scenes(occluder_share=1.0):
        if not scene.props:
            continue
        plain, buffers = rasterize_scene(_without_props(scene)), rasterize_scene(scene)
        shown, left = annotate(scene, plain).people[0].keypoints_2d, annotate(scene, buffers).people[0].keypoints_2d
        assert (left[:, :2] == shown[:, :2]).all()
        assert (left[:, 2] <= shown[:, 2]).all()
        for before, after in zip(shown, left, strict=True):
            if before[2] == 0:
                assert after[2] == 0
                continue
            column, row = int(before[0]), int(before[1])
            is_covered = buffers.depth_m[row, column] < plain.depth_m[row, column] - 0.2
            if is_covered:
                hidden_ones += before[2] == 2
                assert after[2] == 1
    assert hidden_ones >= 3


def test_props_are_in_the_depth_and_in_no_other_layer():
    scene = next(scene for scene in _scenes(occluder_share=1.0) if scene.props)
    plain, buffers = rasterize_scene(_without_props(scene)), rasterize_scene(scene)
    is_prop = buffers.depth_m < plain.depth_m
    assert is_prop.sum() > 20
    assert np.isfinite(buffers.depth_m[is_prop]).all()
    assert (buffers.person_id[is_prop] == -1).all()
    assert (buffers.face_id[is_prop] == -1).all()
    assert (buffers.barycentrics[is_prop] == 0).all()
    for name in ("depth_m", "person_id", "face_id", "barycentrics"):
        assert (getattr(buffers, name)[~is_prop] == getattr(plain, name)[~is_prop]).all()
    assert (depth_inverse(buffers)[is_prop] > 0).all()
    assert (depth_millimetres(buffers)[is_prop] > 0).all()
    faces = load_body("anny").topology.faces
    normals = normals_rgb(buffers, [Mesh(vertices_cam_m=scene.people[0].vertices_cam_m, faces=faces)])
    assert (normals[is_prop] == (128, 128, 255)).all()


def test_people_and_camera_are_the_same_with_and_without_things():
    plain, full = _scenes(), _scenes(seats=True, occluder_share=1.0)
    assert any(scene.props for scene in full)
    assert not any(scene.props for scene in plain)
    for one, two in zip(plain, full, strict=True):
        assert (one.camera.cam_from_world == two.camera.cam_from_world).all()
        assert (one.people[0].vertices_cam_m == two.people[0].vertices_cam_m).all()


def test_the_same_seed_gives_the_same_things():
    builder = _builder(seats=True, occluder_share=1.0)
    for label, scene in [(scene.label, scene) for scene in _scenes(seats=True, occluder_share=1.0)][:4]:
        again = builder.build(label, np.random.default_rng(label.index))
        assert isinstance(again, Scene)
        assert [(p.kind, p.colour) for p in again.props] == [(p.kind, p.colour) for p in scene.props]
        for one, two in zip(again.props, scene.props, strict=True):
            assert (one.vertices_cam_m == two.vertices_cam_m).all()


def test_a_share_outside_0_to_1_is_refused():
    with pytest.raises(InputError, match="occluder_share"):
        _builder(occluder_share=1.5)
