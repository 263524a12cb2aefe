import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from posedreamer.dataset.open import open_dataset
from posedreamer.errors import DatasetError
from posedreamer.web.views import CONTROLS, control_maps, encode_within, label_svg, shrink, webp
from web.web_dataset import write_dataset


def pixels_of(code):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(code))).convert("RGB")).astype(float)


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


def test_control_maps_cover_the_labelled_person(dataset):
    for sample in open_dataset(dataset)[:3]:
        maps = control_maps(sample)
        assert list(maps) == list(CONTROLS)
        mask = sample.masks[0].decode()
        for name in ("mesh", "depth"):
            is_body = pixels_of(maps[name]).max(axis=2) > 30
            share = is_body.reshape(64, 4, 64, 4).mean(axis=(1, 3))
            assert overlap(share > 0.5, mask) > 0.9
            assert overlap(share[:, ::-1] > 0.5, mask) < 0.8


def test_another_pose_or_camera_gives_other_maps(dataset):
    first, second = open_dataset(dataset)[0], open_dataset(dataset)[3]
    assert first.label_id != second.label_id
    assert all(control_maps(first)[name] != control_maps(second)[name] for name in CONTROLS)
    assert control_maps(first) == control_maps(first)


def test_a_body_of_another_version_is_refused(tmp_path):
    write_dataset(tmp_path / "old", blocks=1, num=1, version="0-old")
    with pytest.raises(DatasetError, match="anny 0-old"):
        control_maps(open_dataset(tmp_path / "old")[0])


def test_the_label_svg_holds_box_and_joints_where_the_row_has_them(dataset):
    sample = open_dataset(dataset)[0]
    svg = label_svg(sample)
    x, y, width, height = sample.people[0].bbox_xywh_px
    assert f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}"/>' in svg
    seen = sum(len(re.findall("h0", path)) for path in re.findall(r'class="dot [^"]* seen" d="([^"]*)"', svg))
    assert seen == int((sample.people[0].keypoints_2d[:, 2] == 2).sum())
    wrist = sample.people[0].keypoints_2d[9]
    left = "".join(re.findall(r'class="left" d="([^"]*)"', svg))
    right = "".join(re.findall(r'class="right" d="([^"]*)"', svg))
    assert f"{wrist[0]:.1f} {wrist[1]:.1f}" in left
    assert f"{wrist[0]:.1f} {wrist[1]:.1f}" not in right


def test_pictures_shrink_until_they_fit(dataset):
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (384, 300, 3), dtype=np.uint8) for _ in range(3)]
    free = encode_within(noise, 10_000_000)
    assert pixels_of(free[0]).shape == (384, 300, 3)
    tight = encode_within(noise, sum(map(len, free)) // 2)
    assert sum(map(len, tight)) <= sum(map(len, free)) // 2
    assert len(tight) == 3
    assert encode_within([], 10) == []


def test_shrinking_keeps_the_shape_and_never_enlarges():
    picture = np.zeros((100, 400, 3), np.uint8)
    assert shrink(picture, 40).shape == (10, 40, 3)
    assert shrink(picture, 400) is picture
    assert webp(shrink(picture, 1000), 80) == webp(picture, 80)
