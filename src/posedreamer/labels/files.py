"""Finding motion files below a folder, and saying everything that is wrong with them at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from posedreamer.errors import InputError

__all__ = ["MOTION_SUFFIXES", "clip_names", "motion_files", "raise_all"]

MOTION_SUFFIXES: Final = (".bvh", ".npz")
"""What ``open_labels`` reads: BVH, and AMASS's npz."""

_SHOWN: Final = 20


def motion_files(root: Path, suffixes: tuple[str, ...] = MOTION_SUFFIXES) -> list[Path]:
    """The file itself, or all files with these suffixes below the folder, sorted by path.

    AMASS folders hold ``shape.npz`` and ``*_stagei.npz`` beside the motions: a body without motion, passed over. Hidden
    files are passed over too.

    Raises InputError when there is nothing at ``root``, or nothing that is read, listing what there is instead.
    """
    if not root.exists():
        raise InputError(f"labels {root}: there is nothing; expected a file or folder of {_wanted(suffixes)} files")
    if root.is_file():
        if root.suffix.lower() in suffixes:
            return [root]
        raise InputError(f"labels {root}: a {root.suffix or 'nameless'} file; expected {_wanted(suffixes)}")
    visible = sorted(p for p in root.rglob("*") if p.is_file() and not _is_hidden(p.relative_to(root)))
    found = [p for p in visible if p.suffix.lower() in suffixes and not _is_shape_only(p)]
    if not found:
        counts = Counter(p.suffix.lower() or "(no suffix)" for p in visible)
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in counts.most_common()) or "no files"
        raise InputError(
            f"labels {root}: no motion in this folder: it holds {kinds}; expected {_wanted(suffixes)} files. Pictures "
            "are read by the source `pictures`"
        )
    return found


def clip_names(root: Path, files: Sequence[Path]) -> list[tuple[Path, str]]:
    """Each file with its clip name: its path below ``root`` without suffix, equal on every machine.

    Two files that differ in their suffix only keep it.
    """
    names = [(p.relative_to(root) if root.is_dir() else Path(p.name)) for p in files]
    counts = Counter(n.with_suffix("") for n in names)
    return [
        (path, (name.with_suffix("") if counts[name.with_suffix("")] == 1 else name).as_posix())
        for path, name in zip(files, names, strict=True)
    ]


def raise_all(root: Path, errors: Sequence[InputError]) -> None:
    """Nothing for no error, the error itself for one, and one InputError that lists them for several."""
    if not errors:
        return
    if len(errors) == 1:
        raise errors[0]
    lines = [f"- {error}" for error in errors[:_SHOWN]]
    more = [f"- and {len(errors) - _SHOWN} more"] if len(errors) > _SHOWN else []
    raise InputError("\n".join([f"labels {root}: {len(errors)} files cannot be used:", *lines, *more]))


def _wanted(suffixes: tuple[str, ...]) -> str:
    words = {".bvh": ".bvh (motion capture)", ".npz": ".npz (AMASS)"}
    return " or ".join(words.get(suffix, suffix) for suffix in suffixes)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _is_shape_only(path: Path) -> bool:
    return path.name == "shape.npz" or path.stem.endswith("_stagei")
