"""Sources made of other sources."""

import numpy as np
import pytest

from labels.motion_files import standing_human, write_bvh
from labels.test_motion_sources import everything, mesh
from posedreamer.errors import InputError
from posedreamer.labels.bvh import BvhSource
from posedreamer.labels.protocol import LabelSource
from posedreamer.labels.recombine import ReshapedSource, VariedSource


@pytest.fixture
def standing(tmp_path):
    return BvhSource(write_bvh(tmp_path / "stand.bvh", standing_human(jump_m=0.4)), licence="CC0-1.0")


def shape(label):
    return label.people[0].parameters["phenotype"]


def pose(label):
    return label.people[0].parameters["body_pose"]


def test_new_shapes_keep_pose_clip_and_ground(standing):
    source = ReshapedSource(standing)
    assert isinstance(source, LabelSource)
    for k in range(6):
        base, label = standing.label(k, 0), source.label(k, 0)
        assert np.array_equal(pose(base), pose(label))
        assert not np.allclose(shape(base), shape(label))
        assert 0.6 < shape(label)[1] <= 1.0  # adult
        assert (label.clip, label.source, label.licence) == (base.clip, base.source, base.licence)
        assert label.label_id != base.label_id
        assert mesh(label)[:, 2].min() == pytest.approx(mesh(base)[:, 2].min(), abs=1e-4)
    assert everything(source.label(3, 0)) == everything(ReshapedSource(standing).label(3, 0))
    assert source.digest != standing.digest


def test_shapes_can_come_from_other_labels(standing, tmp_path):
    others = BvhSource(write_bvh(tmp_path / "other.bvh", standing_human()))
    source = ReshapedSource(standing, others)
    label = source.label(2, 0)
    assert np.array_equal(shape(label), shape(others.label(2, 0)))
    assert label.licence == "CC0-1.0 and unknown (user file)"
    assert source.digest != ReshapedSource(standing).digest


def test_variations_surround_their_guide(standing):
    source = VariedSource(standing, copies=3, spread_deg=6.0)
    assert isinstance(source, LabelSource)
    for k in range(3):
        guide = standing.label(k, 0)
        first, *others = [source.label(3 * k + copy, 0) for copy in range(3)]
        assert np.array_equal(pose(first), pose(guide))
        assert {label.clip for label in (first, *others)} == {guide.clip}
        assert [label.index for label in (first, *others)] == [3 * k, 3 * k + 1, 3 * k + 2]
        for label in others:
            change_deg = np.degrees(np.abs(pose(label) - pose(guide)).max())
            assert 0.5 < change_deg < 60.0
            assert np.array_equal(shape(label), shape(guide))
            assert mesh(label)[:, 2].min() == pytest.approx(mesh(guide)[:, 2].min(), abs=1e-3)
    assert everything(source.label(4, 0)) == everything(VariedSource(standing, copies=3, spread_deg=6.0).label(4, 0))


def test_a_wider_spread_goes_farther(standing):
    def distance(spread_deg):
        source = VariedSource(standing, copies=2, spread_deg=spread_deg)
        return np.mean([np.abs(pose(source.label(k, 0)) - pose(standing.label(k // 2, 0))).mean() for k in (1, 3, 5)])

    assert distance(2.0) < distance(10.0) < distance(30.0)


def test_wrong_options_are_refused(standing):
    with pytest.raises(InputError, match="copies"):
        VariedSource(standing, copies=0)
    with pytest.raises(InputError, match="spread_deg"):
        VariedSource(standing, spread_deg=90.0)
