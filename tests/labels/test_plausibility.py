import logging

import numpy as np
import pytest

from labels.motion_files import moving_human, standing_human, write_bvh
from posedreamer.errors import InputError
from posedreamer.labels.bvh import bvh_reader
from posedreamer.labels.bvh_file import read_bvh_motion
from posedreamer.labels.open import open_labels
from posedreamer.labels.plausibility import implausible_knee_share


def _with_columns_swapped(path, one, other):
    """The same file with the motion columns of two joints exchanged: hierarchy and motion disagree."""
    head, separator, rows = path.read_text().partition("Frame Time:")
    first, *frames = rows.splitlines()
    names = [line.split()[1] for line in head.splitlines() if line.split()[:1] in (["ROOT"], ["JOINT"])]
    a, b = (3 + 3 * next(k for k, name in enumerate(names) if word in name) for word in (one, other))
    columns = np.arange(3 + 3 * len(names))
    columns[a : a + 3], columns[b : b + 3] = np.arange(b, b + 3), np.arange(a, a + 3)
    swapped = [" ".join(np.array(line.split())[columns]) for line in frames if line.strip()]
    path.write_text(head + separator + first + "\n" + "\n".join(swapped) + "\n")
    place = {names[a // 3 - 1]: names[b // 3 - 1], names[b // 3 - 1]: names[a // 3 - 1]}
    return path, [place.get(name, name) for name in names]


def _share(path):
    clip = bvh_reader("auto")(path, path.stem)
    return implausible_knee_share(clip.rest, clip.rotations(np.arange(len(clip))))


def test_people_bend_their_knees_backwards(tmp_path):
    for name, human in (("still", standing_human()), ("moving", moving_human(seed=1, frames=30))):
        assert _share(write_bvh(tmp_path / f"{name}.bvh", human)) <= 0.2


def test_columns_in_another_order_are_seen_and_named(tmp_path, caplog):
    good = write_bvh(tmp_path / "good.bvh", standing_human())
    bad, _ = _with_columns_swapped(write_bvh(tmp_path / "bad.bvh", standing_human()), "LeftArm", "LeftLeg")
    assert _share(bad) > 0.9
    assert _share(good) == 0.0
    with caplog.at_level(logging.WARNING):
        open_labels(tmp_path)
    assert "1 of 2 clips bend a knee" in caplog.text
    assert "bad 100%" in caplog.text


def test_columns_in_another_order_can_be_named(tmp_path):
    good = write_bvh(tmp_path / "good.bvh", moving_human(seed=2))
    bad, columns = _with_columns_swapped(write_bvh(tmp_path / "bad.bvh", moving_human(seed=2)), "LeftArm", "LeftLeg")
    as_meant = read_bvh_motion(good)
    assert np.array_equal(read_bvh_motion(bad, columns).local_rad, as_meant.local_rad)
    assert not np.array_equal(read_bvh_motion(bad).local_rad, as_meant.local_rad)
    assert open_labels(bad).digest != open_labels(bad, columns=columns).digest
    assert open_labels(bad).digest != open_labels(bad, up="+y").digest
    with pytest.raises(InputError, match=r"bad\.bvh.*differ in Tail"):
        read_bvh_motion(bad, [*columns, "Tail"])
    with pytest.raises(InputError, match=r"bad\.bvh.*once each"):
        open_labels(bad, columns=columns[1:])
