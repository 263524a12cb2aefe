"""What the maps show, on shapes whose colours can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posedreamer.errors import InputError
from posedreamer.rendering.maps import (
    FACING_RGB,
    Surface,
    depth_inverse,
    depth_millimetres,
    interpolate,
    mesh_to_rgb,
    normals_cam,
    normals_rgb,
    part_map,
    person_mask,
    vertex_normals,
)
from posedreamer.rendering.rasterizer import Mesh, rasterize
from rendering.rendering_shapes import globe, pinhole, rays

CENTRE = np.array([0.0, 0.0, 4.0], dtype=np.float32)
VERTICES, FACES = globe(120)
CAMERA = pinhole(96, 150.0)


def ball(offset=(0.0, 0.0, 0.0), radius=1.0) -> Mesh:
    centre = CENTRE + np.asarray(offset, dtype=np.float32)
    return Mesh(vertices_cam_m=VERTICES * np.float32(radius) + centre, faces=FACES)


def surface() -> Surface:
    parts = (VERTICES[FACES].mean(axis=1)[:, 0] > 0).astype(np.int32)
    return Surface(faces=FACES, face_part=parts, canonical_xyz=(VERTICES + 1) / 2)


def test_normals_of_a_sphere_point_away_from_its_centre():
    mesh = ball()
    assert np.allclose(vertex_normals(mesh), VERTICES, atol=2e-2)
    buffers = rasterize([mesh], CAMERA)
    normals = normals_cam(buffers, [mesh])
    covered = buffers.person_id == 0
    expected = (rays(CAMERA) * buffers.depth_m[..., None])[covered] - CENTRE
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(normals[covered], expected, atol=2e-2)
    assert np.allclose(np.linalg.norm(normals[covered], axis=1), 1, atol=1e-5)
    assert (normals[~covered] == 0).all()


def test_normal_colours_follow_the_controlnet_protocol():
    """ScanNet's: the picture's left side of a ball is red, its top green, its middle and the background blue."""
    buffers = rasterize([ball()], CAMERA)
    picture = normals_rgb(buffers, [ball()]).astype(int)
    assert tuple(picture[0, 0]) == FACING_RGB
    assert np.abs(picture[48, 48] - FACING_RGB).max() <= 4
    rows, columns = np.nonzero(buffers.person_id == 0)
    left, top = picture[48, columns.min() + 1], picture[rows.min() + 1, 48]
    assert left[0] > 220
    assert abs(left[1] - 128) < 16
    assert top[1] > 220
    assert abs(top[0] - 128) < 16
    normals = normals_cam(buffers, [ball()])
    covered = buffers.person_id == 0
    assert np.abs(picture[covered] - (127.5 - 127.5 * normals[covered])).max() <= 1
    black = normals_rgb(buffers, [ball()], background=(0, 0, 0))
    assert (black[~covered] == 0).all()
    assert (black[covered] == picture[covered]).all()


def test_mesh_to_rgb_paints_the_canonical_position():
    buffers = rasterize([ball()], CAMERA)
    picture = mesh_to_rgb(buffers, [surface()])
    covered = buffers.person_id == 0
    hit = (rays(CAMERA) * buffers.depth_m[..., None])[covered] - CENTRE
    assert np.abs(picture[covered] - 255 * (hit + 1) / 2).max() <= 1
    assert (picture[~covered] == 0).all()


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6), st.floats(-2, 2))
def test_interpolating_positions_gives_back_the_point_that_is_seen(x, y, z):
    meshes = [ball((x, y, z)), ball((0.3, 0, 0), 0.7)]
    buffers = rasterize(meshes, CAMERA)
    points = interpolate(buffers, [one.faces for one in meshes], [one.vertices_cam_m for one in meshes])
    covered = buffers.person_id >= 0
    assert np.allclose(points[covered, 2], buffers.depth_m[covered], rtol=1e-6)
    seen_px = (points[covered] @ CAMERA.K.T)[:, :2] / points[covered, 2:]
    row, column = np.nonzero(covered)
    away_px = np.abs(seen_px - np.column_stack([column, row]) - 0.5).max(axis=1)
    assert np.quantile(away_px, 0.99) < 1e-3
    assert away_px.max() < 0.05  # faces seen edge-on that only the snapping to 1/4096 px lets in
    assert (points[~covered] == 0).all()


def test_interpolation_takes_faces_of_their_own_and_any_number_of_channels():
    """Texture coordinates: one row per face corner, so the map shows each face's own number."""
    buffers = rasterize([ball()], CAMERA)
    corners = np.arange(FACES.size, dtype=np.int32).reshape(-1, 3)
    numbers = np.repeat(np.arange(len(FACES), dtype=np.float32), 3)[:, None]
    picture = interpolate(buffers, [corners], [numbers])
    covered = buffers.person_id == 0
    assert picture.shape == (96, 96, 1)
    assert np.allclose(picture[covered, 0], buffers.face_id[covered], rtol=1e-5)


def test_parts_and_masks_divide_the_picture():
    meshes = [ball((-0.5, 0, 0)), ball((0.5, 0, 1))]
    buffers = rasterize(meshes, CAMERA)
    parts = part_map(buffers, [surface(), surface()])
    masks = [person_mask(buffers, person) for person in (0, 1)]
    assert not (masks[0] & masks[1]).any()
    assert ((masks[0] | masks[1]) == (parts >= 0)).all()
    assert set(np.unique(parts)) == {-1, 0, 1}
    x = (rays(CAMERA) * np.where(parts >= 0, buffers.depth_m, 0)[..., None])[..., 0] + 0.5
    clear = masks[0] & (np.abs(x) > 0.05)
    assert (parts[clear] == (x[clear] > 0)).all()


def test_depth_codes_order_near_and_far_and_keep_millimetres():
    meshes = [ball((-0.5, 0, -1), 0.5), ball((0.9, 0, 2), 0.5)]
    buffers = rasterize(meshes, CAMERA)
    covered = buffers.person_id >= 0
    grey = depth_inverse(buffers).astype(int)
    assert grey.max() == 255
    assert grey[covered].min() == 64
    assert (grey[~covered] == 0).all()
    order = np.argsort(buffers.depth_m[covered])
    assert (np.diff(grey[covered][order]) <= 0).all()
    assert grey[buffers.person_id == 0].min() > grey[buffers.person_id == 1].max()
    far, near = 1 / buffers.depth_m[covered].max(), 1 / buffers.depth_m[covered].min()
    expected = 255 * (1 / buffers.depth_m[covered] - far) / (near - far)
    assert np.abs(depth_inverse(buffers, farthest_grey=0)[covered] - expected).max() <= 0.51
    millimetres = depth_millimetres(buffers)
    assert np.abs(millimetres[covered] / 1000 - buffers.depth_m[covered]).max() <= 0.00051
    assert (millimetres[~covered] == 0).all()


def test_depth_codes_of_nothing_of_one_plane_and_of_far_away():
    empty = rasterize([], CAMERA)
    assert (depth_inverse(empty) == 0).all()
    assert (depth_millimetres(empty) == 0).all()
    wall = np.array([[-900, -900, 80], [900, -900, 80], [0, 900, 80]], dtype=np.float32)
    flat = rasterize([Mesh(vertices_cam_m=wall, faces=np.array([[0, 1, 2]], dtype=np.int32))], CAMERA)
    assert (depth_millimetres(flat)[flat.person_id == 0] == 65535).all()
    assert (depth_inverse(flat)[flat.person_id == 0] >= 64).all()


def test_vertex_normals_are_the_mean_of_all_faces_around_weighted_by_area():
    """A roof whose right side is twice as large as its left: the ridge leans right."""
    points = np.array([[0, 0, 0], [0, 1, 0], [-1, 0, 1], [2, 0, 2]], dtype=np.float32) + CENTRE
    roof = Mesh(vertices_cam_m=points, faces=np.array([[0, 2, 1], [0, 1, 3]], dtype=np.int32))
    left, right = np.array([-1, 0, -1.0]), np.array([1, 0, -1.0])
    ridge = (left + 2 * right) / np.linalg.norm(left + 2 * right)
    expected = [ridge, ridge, left / np.sqrt(2), right / np.sqrt(2)]
    assert np.allclose(vertex_normals(roof), expected, atol=1e-6)


def test_a_vertex_without_faces_looks_at_the_camera():
    lonely = Mesh(
        vertices_cam_m=np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1], [5, 5, 5]], dtype=np.float32),
        faces=np.array([[0, 2, 1]], dtype=np.int32),
    )
    assert np.allclose(vertex_normals(lonely), [[0, 0, -1]] * 4)


def test_maps_of_another_topology_are_refused():
    buffers = rasterize([ball(), ball((0.5, 0, 1))], CAMERA)
    with pytest.raises(InputError, match="person 1, but 1 were given"):
        mesh_to_rgb(buffers, [surface()])
    few = Surface(faces=FACES[:9], face_part=np.zeros(9, dtype=np.int32), canonical_xyz=surface().canonical_xyz)
    for draw in (mesh_to_rgb, part_map):
        with pytest.raises(InputError, match="beyond the 9 given"):
            draw(buffers, [few, surface()])
    with pytest.raises(InputError, match="there are 5"):
        interpolate(buffers, [FACES, FACES], [VERTICES[:5], VERTICES])
    with pytest.raises(InputError, match=f"there are {len(VERTICES) - 1} "):
        Surface(faces=FACES, face_part=np.zeros(len(FACES), dtype=np.int32), canonical_xyz=VERTICES[:-1])
