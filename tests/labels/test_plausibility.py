import logging

import numpy as np

from labels.motion_files import moving_human, standing_human, write_bvh
from posedreamer.labels.bvh import bvh_reader
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
    return path


def _share(path):
    clip = bvh_reader("auto")(path, path.stem)
    return implausible_knee_share(clip.rest, clip.rotations(np.arange(len(clip))))


def test_people_bend_their_knees_backwards(tmp_path):
    for name, human in (("still", standing_human()), ("moving", moving_human(seed=1, frames=30))):
        assert _share(write_bvh(tmp_path / f"{name}.bvh", human)) <= 0.2


def test_columns_in_another_order_are_seen_and_named(tmp_path, caplog):
    good = write_bvh(tmp_path / "good.bvh", standing_human())
    bad = _with_columns_swapped(write_bvh(tmp_path / "bad.bvh", standing_human()), "LeftArm", "LeftLeg")
    assert _share(bad) > 0.9
    assert _share(good) == 0.0
    with caplog.at_level(logging.WARNING):
        open_labels(tmp_path)
    assert "1 of 2 clips bend a knee" in caplog.text
    assert "bad 100%" in caplog.text
