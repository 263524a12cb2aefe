from dataclasses import replace

import numpy as np
import pytest

from posedreamer.geometry.camera import to_camera
from posedreamer.records import REGIONS, Prop
from posedreamer.scenes.buffers import rasterize_scene
from posedreamer.scenes.shapes import box
from posedreamer.studio.painter import paint_condition
from studio.conditions import condition

PROP = REGIONS.index("prop")


def _with_box(plain, colour="red", corner_m=(0.1, -1.0)):
    """The condition with a painted box before the person's legs."""
    x, y = corner_m
    solid = box((x, y, 0.0), (x + 0.5, y + 0.3, 0.6), "paint")
    prop = Prop(
        kind="suitcase",
        colour=colour,
        vertices_cam_m=to_camera(plain.scene.camera, solid.vertices_m).astype(np.float32),
        faces=solid.faces,
        face_material=solid.face_material,
    )
    scene = replace(plain.scene, props=(prop,))
    return replace(plain, scene=scene, buffers=rasterize_scene(scene))


@pytest.fixture(scope="module")
def plain():
    return condition(size=(192, 192), azimuth_rad=0.0)


def test_a_prop_is_painted_in_its_colour_where_the_buffers_have_it(plain):
    with_box = _with_box(plain)
    picture = paint_condition(with_box, 3, None)
    is_prop = np.isfinite(with_box.buffers.depth_m) & (with_box.buffers.person_id < 0)
    assert picture.regions is not None
    painted = picture.regions == PROP
    assert (painted & is_prop).sum() / (painted | is_prop).sum() > 0.93
    red, green, blue = np.median(picture.pixels[painted], axis=0)
    assert red > 2.0 * green
    assert red > 2.0 * blue
    blue_box = paint_condition(_with_box(plain, "blue"), 3, None)
    assert np.median(blue_box.pixels[painted][:, 2]) > 1.3 * np.median(blue_box.pixels[painted][:, 0])


def test_a_prop_darkens_the_ground_beside_it(plain):
    without, picture = (paint_condition(one, 3, None) for one in (plain, _with_box(plain, corner_m=(0.6, -0.6))))
    assert picture.regions is not None
    assert without.regions is not None
    ground = (picture.regions == 0) & (without.regions == 0)
    darker = without.pixels.astype(float).mean(axis=2) - picture.pixels.astype(float).mean(axis=2)
    assert (darker[ground] > 25).sum() > 50


def test_the_picture_far_from_a_prop_is_the_same(plain):
    without, picture = (paint_condition(one, 3, None).pixels for one in (plain, _with_box(plain)))
    assert np.abs(without[:60].astype(int) - picture[:60]).mean() < 1.0
