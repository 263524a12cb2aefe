"""``--labels PATH``: a motion file, or a folder of any mixture of them, as one label source."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from posedreamer.labels.amass import AMASS_LICENCE, read_amass
from posedreamer.labels.bvh import UNKNOWN_LICENCE, bvh_reader
from posedreamer.labels.files import clip_names, motion_files, raise_all
from posedreamer.labels.motion import ClipFile, FrameChoice, MotionSource, read_clips
from posedreamer.labels.plausibility import IMPLAUSIBLE_SHARE
from posedreamer.labels.protocol import LabelSource

__all__ = ["open_labels"]

_LOG = logging.getLogger(__name__)


def open_labels(
    path: str | Path,
    frames_per_clip: int = 0,
    stride: int = 1,
    licence: str = "",
    up: str = "auto",
    columns: Sequence[str] = (),
) -> LabelSource:
    """Labels from a BVH or AMASS file, or from every such file below a folder; all clips are drawn alike.

    Every file is read once, so that a file that cannot be used is known before a run starts.

    Args:
        path: a ``.bvh`` or ``.npz`` file, or a folder.
        frames_per_clip: so many random frames of each clip may become labels; 0 takes all.
        stride: only every so many-th frame.
        licence: of the motion; empty means "AMASS non-commercial" for npz and "unknown (user file)" for BVH.
        up: the world's up axis in BVH files ("auto", "+y", "z" ...).
        columns: joint names of BVH files in the order of their motion's columns; empty where the files keep to the
            order of their hierarchy, as the format asks.

    A clip whose knees bend the wrong way is warned of in the log and read as it is written.

    Raises InputError when there is nothing to read, or naming all files that cannot be used.
    """
    root = Path(path)
    choice = FrameChoice(frames_per_clip=frames_per_clip, stride=stride)
    named = clip_names(root, motion_files(root))
    bvh, bvh_errors = read_clips(
        [entry for entry in named if entry[0].suffix.lower() == ".bvh"],
        bvh_reader(up, columns),
        licence or UNKNOWN_LICENCE,
    )
    amass, amass_errors = read_clips(
        [entry for entry in named if entry[0].suffix.lower() == ".npz"], read_amass, licence or AMASS_LICENCE
    )
    raise_all(root, [*bvh_errors, *amass_errors])
    _warn_of_knees([*bvh, *amass])
    files = sorted([*bvh, *amass], key=lambda file: file.clip)
    return MotionSource(root.name, files, choice, reading=f"up {up}, columns {','.join(columns)}")


def _warn_of_knees(files: list[ClipFile]) -> None:
    wrong = [
        f"{file.clip} {file.implausible_share:.0%}" for file in files if file.implausible_share > IMPLAUSIBLE_SHARE
    ]
    if wrong:
        _LOG.warning(
            "%d of %d clips bend a knee forwards or sideways (share of frames: %s). They are read as written; if "
            "their motion columns do not follow the order of their hierarchy, name the joints in the columns' order "
            "with the option columns; else leave them out.",
            len(wrong),
            len(files),
            ", ".join(wrong[:12]),
        )
