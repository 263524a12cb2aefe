"""The rasteriser against geometry worked out by hand and against a slow reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posedreamer.errors import InputError
from posedreamer.records import Camera
from posedreamer.rendering.rasterizer import NEAR_M, Mesh, rasterize
from posedreamer.rendering.triangles import SUBPIXELS
from rendering.rendering_shapes import globe, pinhole, rays

SPHERE = globe(200)
QUAD = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)


def mesh(vertices, faces) -> Mesh:
    return Mesh(vertices_cam_m=np.asarray(vertices, dtype=np.float32), faces=np.asarray(faces, dtype=np.int32))


def plane_depth(camera, points):
    """z where each pixel's ray meets the plane through three points."""
    a, b, c = np.asarray(points[:3], dtype=np.float32).astype(np.float64)
    normal = np.cross(b - a, c - a)
    return (normal @ a) / (rays(camera) @ normal)


def hit_points(buffers, meshes):
    """What barycentrics say: the 3D point under each covered pixel (n, 3)."""
    covered = buffers.person_id >= 0
    points = np.empty((covered.sum(), 3))
    for n, (person, face, weights) in enumerate(
        zip(buffers.person_id[covered], buffers.face_id[covered], buffers.barycentrics[covered], strict=True)
    ):
        chosen = meshes[person]
        points[n] = weights @ chosen.vertices_cam_m[chosen.faces[face]].astype(np.float64)
    return covered, points


def test_tilted_plane_is_exact_in_depth_and_barycentrics():
    camera = pinhole(96, 80.0, height=64)
    wall = mesh([[-4, -3, 1.5], [5, -3, 6], [5, 3, 7], [-4, 3, 2.5]], QUAD)
    buffers = rasterize([wall], camera)
    assert (buffers.person_id == 0).mean() > 0.9
    covered, points = hit_points(buffers, [wall])
    assert np.allclose(points, (rays(camera) * buffers.depth_m[..., None])[covered], atol=1e-4)
    assert np.allclose(buffers.barycentrics[covered].sum(1), 1, atol=1e-6)
    assert (buffers.barycentrics >= 0).all()
    first = covered & (buffers.face_id == 0)
    expected = plane_depth(camera, wall.vertices_cam_m)
    assert np.allclose(buffers.depth_m[first], expected[first], rtol=1e-4)


def test_sphere_depth_is_the_ray_sphere_hit():
    vertices, faces = SPHERE
    centre = np.array([0.2, -0.1, 4.0])
    camera = pinhole(128, 200.0)
    buffers = rasterize([mesh(vertices + centre, faces)], camera)
    ray = rays(camera)
    squared, along = (ray**2).sum(-1), ray @ centre
    root = along**2 - squared * (centre @ centre - 1)
    inner = root > 0.15
    expected = (along - np.sqrt(np.maximum(root, 0))) / squared
    assert (buffers.person_id[inner] == 0).all()
    assert (buffers.person_id[root < -0.01] == -1).all()
    assert np.allclose(buffers.depth_m[inner], expected[inner], rtol=1e-4)
    covered, points = hit_points(buffers, [mesh(vertices + centre, faces)])
    assert np.allclose(points, (ray * buffers.depth_m[..., None])[covered], atol=1e-4)


def test_background_is_empty():
    buffers = rasterize([], pinhole(8, 8.0))
    assert np.isposinf(buffers.depth_m).all()
    assert (buffers.person_id == -1).all()
    assert (buffers.face_id == -1).all()
    assert (buffers.barycentrics == 0).all()


def test_nearer_mesh_wins_whatever_the_order():
    camera = pinhole(32, 32.0)
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    far, near = mesh(corners * 4 + [0, 0, 4], QUAD), mesh(corners * 0.5 + [0, 0, 2], QUAD)
    one, two = rasterize([far, near], camera), rasterize([near, far], camera)
    assert set(np.unique(one.person_id)) == {0, 1}
    assert (one.person_id == 1 - two.person_id).all()
    assert (one.depth_m == two.depth_m).all()
    assert np.allclose(one.depth_m[one.person_id == 1], 2)
    assert one.person_id[16, 16] == 1


def test_at_equal_depth_the_earlier_mesh_and_face_win():
    corners = np.array([[-1, -1, 2], [1, -1, 2], [1, 1, 2], [-1, 1, 2]])
    twice = mesh(corners, np.concatenate([QUAD, QUAD]))
    buffers = rasterize([twice, twice], pinhole(32, 40.0))
    assert (buffers.person_id == 0).all()
    assert set(np.unique(buffers.face_id)) == {0, 1}


def test_crossing_planes_change_places_where_they_meet():
    camera = pinhole(64, 64.0)
    left = mesh([[-3, -3, 1], [3, -3, 5], [3, 3, 5], [-3, 3, 1]], QUAD)
    right = mesh([[-3, -3, 5], [3, -3, 1], [3, 3, 1], [-3, 3, 5]], QUAD)
    found = rasterize([left, right], camera).person_id
    a, b = plane_depth(camera, left.vertices_cam_m), plane_depth(camera, right.vertices_cam_m)
    assert (found[np.abs(a - b) > 1e-4] == (a > b)[np.abs(a - b) > 1e-4]).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_every_pixel_of_a_shared_edge_is_drawn_exactly_once(seed, on_pixel_centres):
    """A bent net of triangles over the picture, drawn one by one: no hole, no pixel twice, also on pixel centres."""
    rng = np.random.default_rng(seed)
    camera = pinhole(24, 24.0)
    row, column = np.meshgrid(np.arange(7) * 5.0 - 3, np.arange(7) * 5.0 - 3, indexing="ij")
    pixels = np.stack([column, row], -1) + rng.uniform(-1, 1, (7, 7, 2))
    if on_pixel_centres:
        pixels = np.round(pixels) + 0.5
    z = rng.uniform(1, 3, (7, 7, 1))
    vertices = np.concatenate([(pixels - 12) / 24 * z, z], -1).reshape(-1, 3)
    times = np.zeros((24, 24), dtype=int)
    for corner in (np.arange(6)[:, None] * 7 + np.arange(6)).ravel():
        a, b, c, d = corner, corner + 1, corner + 8, corner + 7
        for face in [(a, b, c), (c, d, a)] if rng.random() < 0.5 else [(d, b, a), (b, d, c)]:
            times += rasterize([mesh(vertices, [face])], camera).face_id >= 0
    assert (times == 1).all()


@pytest.mark.parametrize("turned", [False, True])
def test_a_plane_through_the_camera_is_cut_at_the_near_plane(turned):
    """A floor that runs from behind the camera to far ahead: depth is f * h / (y - cy) wherever z > NEAR_M."""
    camera = pinhole(64, 30.0)
    floor = np.array([[-50, 0.4, -20], [50, 0.4, -20], [50, 0.4, 60], [-50, 0.4, 60]])
    buffers = rasterize([mesh(floor[::-1] if turned else floor, QUAD)], camera)
    below = np.arange(64) + 0.5 - 32
    expected = np.where(below > 0, 30.0 * 0.4 / np.where(below > 0, below, 1), np.inf)
    seen = expected < 59
    assert (buffers.person_id[seen] == 0).all()
    assert (buffers.person_id[below < 0] == -1).all()
    assert np.allclose(buffers.depth_m[seen], expected[seen][:, None], rtol=1e-4)
    assert np.allclose(buffers.barycentrics[seen].sum(-1), 1, atol=1e-6)


def test_a_camera_inside_a_ball_sees_its_far_side_in_every_direction():
    """Triangles behind, beside and ahead of a 127 degree camera: the hit is the farther root of the ray."""
    vertices, faces = SPHERE
    centre = np.array([0.3, -0.2, 0.4])
    camera = pinhole(64, 16.0)
    ball = mesh(vertices * 2 + centre, faces)
    buffers = rasterize([ball], camera)
    ray = rays(camera)
    squared, along = (ray**2).sum(-1), ray @ centre
    expected = (along + np.sqrt(along**2 - squared * (centre @ centre - 4))) / squared
    assert (buffers.person_id == 0).all()
    assert np.allclose(buffers.depth_m, expected, rtol=4e-4)
    covered, points = hit_points(buffers, [ball])
    assert np.allclose(points, (ray * buffers.depth_m[..., None])[covered], atol=1e-4)


def test_nothing_nearer_than_the_near_plane_is_drawn():
    camera = pinhole(64, 40.0)
    ramp = mesh([[-0.5, 0.02, 0.0], [0.5, 0.02, 0.0], [0.5, 0.02, 1.0], [-0.5, 0.02, 1.0]], QUAD)
    drawn = rasterize([ramp], camera).depth_m[:, 32]
    assert (drawn[32 + 17 :] == np.inf).all()  # there z = 40 * 0.02 / (row - 32) is less than 0.05
    assert NEAR_M < drawn[32 + 15] < NEAR_M * 1.05
    assert (rasterize([mesh(ramp.vertices_cam_m - [0, 0, 2], QUAD)], camera).person_id == -1).all()


def test_triangles_far_beyond_the_picture_are_cut_without_overflow():
    camera = pinhole(32, 5000.0)
    wall = mesh([[-900, -900, 0.06], [900, -900, 0.06], [900, 900, 900], [-900, 900, 900]], QUAD)
    buffers = rasterize([wall], camera)
    assert (buffers.person_id == 0).all()
    assert np.allclose(buffers.depth_m, plane_depth(camera, wall.vertices_cam_m), rtol=1e-4)


def _reference(meshes, camera, snap):
    """Brute force over every triangle and pixel: exact integer coverage, depth from the ray-plane hit."""
    height, width = camera.height, camera.width
    depth, person_id, face_id = (
        np.full((height, width), np.inf),
        np.full((height, width), -1),
        np.full((height, width), -1),
    )
    second = np.full((height, width), np.inf)
    x, y = np.meshgrid(np.arange(width) * snap, np.arange(height) * snap)
    for person, one in enumerate(meshes):
        corners = one.vertices_cam_m.astype(np.float64)
        pixels = (corners @ camera.K.T)[:, :2] / corners[:, 2:]
        snapped = np.floor((pixels - 0.5) * snap + 0.5).astype(np.int64)
        for f, face in enumerate(one.faces):
            p = snapped[face]
            area = int(np.linalg.det(np.stack([p[1] - p[0], p[2] - p[0]]).astype(np.float64)).round())
            if area == 0:
                continue
            if area < 0:
                p = p[::-1]
            inside = np.ones((height, width), dtype=bool)
            for a, b in ((p[0], p[1]), (p[1], p[2]), (p[2], p[0])):
                value = (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
                owns = b[1] < a[1] or (b[1] == a[1] and b[0] > a[0])
                inside &= (value > 0) | ((value == 0) & owns)
            near, far = corners[face, 2].min(), corners[face, 2].max()
            found = np.where(inside, np.clip(plane_depth(camera, corners[face]), near, far), np.inf)
            wins = found < depth
            second = np.where(wins, depth, np.minimum(second, found))
            depth = np.where(wins, found, depth)
            person_id, face_id = np.where(wins, person, person_id), np.where(wins, f, face_id)
    return depth, person_id, face_id, second


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_random_triangles_agree_with_brute_force(seed):
    rng = np.random.default_rng(seed)
    camera = Camera(
        width=40, height=30, K=np.array([[35.0, 0.7, 19], [0, 33, 16], [0, 0, 1]]), cam_from_world=np.eye(4)
    )
    meshes = []
    for size in (0.1, 2.0):
        centre = np.column_stack([rng.uniform(-1, 1, (30, 2)), rng.uniform(1.5, 4, 30)])
        corners = centre[:, None] + rng.uniform(-size, size, (30, 3, 3)) * [1, 1, 0.4]
        meshes.append(mesh(corners.reshape(-1, 3), np.arange(90).reshape(-1, 3)))
    buffers = rasterize(meshes, camera)
    depth, person_id, face_id, second = _reference(meshes, camera, SUBPIXELS)
    assert ((buffers.person_id >= 0) == (person_id >= 0)).all()
    clear = (second > depth + 1e-3) & (person_id >= 0)
    assert clear.sum() > 0.5 * (person_id >= 0).sum()
    assert (buffers.person_id[clear] == person_id[clear]).all()
    assert (buffers.face_id[clear] == face_id[clear]).all()


def test_drawing_twice_gives_the_same_bits_and_leaves_the_mesh_alone():
    vertices, faces = SPHERE
    ball = mesh(vertices + np.array([0, 0, 3]), faces)
    before = ball.vertices_cam_m.copy()
    one, two = rasterize([ball], pinhole(64, 64.0)), rasterize([ball], pinhole(64, 64.0))
    assert (one.barycentrics == two.barycentrics).all()
    assert (one.depth_m == two.depth_m).all()
    assert (ball.vertices_cam_m == before).all()


def test_wrong_meshes_and_cameras_are_refused():
    with pytest.raises(InputError, match=r"0\.\.2"):
        mesh(np.ones((3, 3)), [[0, 1, 3]])
    with pytest.raises(InputError, match="1 vertices that are not finite"):
        mesh([[0, 0, 1], [0, np.nan, 1], [1, 0, 1]], [[0, 1, 2]])
    flat = Camera(width=4, height=4, K=np.diag([0.0, 4.0, 1.0]), cam_from_world=np.eye(4))
    with pytest.raises(InputError, match="invertible"):
        rasterize([], flat)
