"""A repainted data set beside its origin: the same ids and labels, score by score and picture by picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from jaxtyping import Float64
from scipy import special

from posedreamer.dataset.manifest import Manifest, find_manifest
from posedreamer.dataset.open import Dataset, open_dataset
from posedreamer.dataset.schema import KEPT
from posedreamer.web.account import Account, Entry, account_of
from posedreamer.web.cards import stored_sample
from posedreamer.web.charts import plain
from posedreamer.web.selection import spread
from posedreamer.web.views import encode_within, label_svg, shrink

__all__ = ["Gap", "gap_of", "paired"]

_STRIP: Final = 12
_WORST: Final = 4
_SIDE_PX: Final = 256
_CHARACTERS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Gap:
    """The mean of paired differences with its 95 % interval (Student's t); no interval below two pairs."""

    pairs: int
    mean: float
    low: float
    high: float


def gap_of(differences: Float64[np.ndarray, " n"]) -> Gap:
    """The mean difference and how sure it is."""
    n = len(differences)
    mean = float(differences.mean()) if n else math.nan
    if n < 2:
        return Gap(n, mean, math.nan, math.nan)
    reach = float(cast("Any", special).stdtrit(n - 1, 0.975)) * float(differences.std(ddof=1)) / math.sqrt(n)
    return Gap(n, mean, mean - reach, mean + reach)


def paired(dataset: Dataset, account: Account, score: str) -> dict[str, Any]:
    """The page's section on a repaint: empty for a data set of its own labels, a note where the origin is not there.

    ``account`` is the repainted data set's ledger; pictures of the strip are chosen by ``score``.
    """
    told = dataset.manifest.origin
    if not told:
        return {}
    folder = (dataset.path / str(told["path"])).resolve()
    manifest = find_manifest(folder)
    if manifest is None:
        return {"note": f"Its origin is not at {told['path']}, seen from this folder, so that nothing is compared."}
    origin = open_dataset(folder)
    old = account_of(origin)
    rows = _pairs(account, old)
    scores = _scores(account, old, rows)
    shown = _shown(account, old, rows, score)
    return {
        "note": _note(told, manifest, len(rows)),
        "name": folder.name,
        "rates": _rates(account, old, rows),
        "scores": [scores[: (len(scores) + 1) // 2], scores[(len(scores) + 1) // 2 :]],
        "strip": _strip((dataset, account), (origin, old), [rows[place] for place in shown], score),
        "score": score,
    }


def _pairs(new: Account, old: Account) -> list[tuple[int, int]]:
    """Ledger rows of the same id that have a picture in both."""
    known = {entry.id: row for row, entry in enumerate(old.entries) if entry.has_picture}
    return [(row, known[entry.id]) for row, entry in enumerate(new.entries) if entry.has_picture and entry.id in known]


def _note(told: Mapping[str, Any], manifest: Manifest, pairs: int) -> str:
    parts = [f"{pairs:,} pictures are paired by id."]
    if told.get("rows") == KEPT:
        parts.append(
            "Only rows that the origin had kept were painted again: its pictures were chosen by the gate, the new ones "
            "were not, so that the differences speak against the new ones. Repaint with --all for a fair comparison."
        )
    if manifest.content_digest != told.get("content_digest"):
        parts.append("The origin has changed since; rows of the same id are compared as it is now.")
    return " ".join(parts)


def _rates(new: Account, old: Account, rows: Sequence[tuple[int, int]]) -> dict[str, Any]:
    passed = np.array([[new.entries[a].passed, old.entries[b].passed] for a, b in rows], dtype=np.float64)
    ours, theirs = passed.reshape(-1, 2).T
    return {
        "new": f"{ours.mean():.1%}" if len(rows) else "-",
        "old": f"{theirs.mean():.1%}" if len(rows) else "-",
        "gap": _words(gap_of(100.0 * (ours - theirs)), " points"),
        "only_new": int((ours > theirs).sum()),
        "only_old": int((ours < theirs).sum()),
        "both": int((ours * theirs).sum()),
        "neither": int(((1 - ours) * (1 - theirs)).sum()),
    }


def _scores(new: Account, old: Account, rows: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """One line per score that both have: means and mean difference over pairs in which it applies to both."""
    places = np.array(rows, dtype=np.int64).reshape(-1, 2)
    found: list[dict[str, Any]] = []
    for name in (name for name in new.scores if name in old.scores and not name.startswith("phash_")):
        ours, theirs = new.scores[name][places[:, 0]], old.scores[name][places[:, 1]]
        both = np.isfinite(ours) & np.isfinite(theirs)
        gap = gap_of(ours[both] - theirs[both])
        means = [plain(float(each[both].mean())) if both.any() else "-" for each in (ours, theirs)]
        is_clear = gap.low > 0 or gap.high < 0
        found.append(
            {"name": name, "new": means[0], "old": means[1], "gap": _words(gap), "pairs": gap.pairs, "bold": is_clear}
        )
    return found


def _words(gap: Gap, unit: str = "") -> str:
    if not gap.pairs:
        return "-"
    if gap.low == gap.high == 0.0:
        return "0"
    if math.isnan(gap.low):
        return f"{gap.mean:+.3g}{unit}"
    return f"{gap.mean:+.3g}{unit} ({gap.low:+.3g} to {gap.high:+.3g})"


def _shown(new: Account, old: Account, rows: Sequence[tuple[int, int]], score: str) -> list[int]:
    """Which pairs are shown: those that lost most by the score, and the rest evenly spaced."""
    losses: list[tuple[float, int]] = []
    if score in new.scores and score in old.scores:
        values = [(float(new.scores[score][a] - old.scores[score][b]), place) for place, (a, b) in enumerate(rows)]
        losses = sorted(value for value in values if value[0] == value[0])
    worst = [place for _, place in losses[: _WORST if len(rows) > _STRIP else 0]]
    rest = [place for place in range(len(rows)) if place not in worst]
    return [*worst, *(rest[place] for place in spread(len(rest), _STRIP - len(worst)))]


def _strip(
    new: tuple[Dataset, Account], old: tuple[Dataset, Account], rows: Sequence[tuple[int, int]], score: str
) -> list[dict[str, Any]]:
    """Pairs of pictures, the origin's first, with what the judge said of each."""
    pairs: list[tuple[Entry, list[dict[str, Any]]]] = []
    for a, b in rows:
        sides = [_side(*old, b, score), _side(*new, a, score)]
        if all(side is not None for side in sides):
            pairs.append((new[1].entries[a], [side for side in sides if side is not None]))
    encoded = iter(encode_within([side["pixels"] for _, sides in pairs for side in sides], _CHARACTERS))
    return [
        {
            "id": entry.id,
            "action": entry.action,
            "sides": [{**side, "pixels": None, "picture": next(encoded)} for side in sides],
        }
        for entry, sides in pairs
    ]


def _side(dataset: Dataset, account: Account, row: int, score: str) -> dict[str, Any] | None:
    """One picture with its fate; None where it is not stored any more."""
    entry = account.entries[row]
    if entry.decision == KEPT:
        sample = dataset[sum(each.decision == KEPT for each in account.entries[:row])]
    else:
        sample = stored_sample(dataset, entry)
    if sample is None:
        return None
    value = float(account.scores[score][row]) if score in account.scores else math.nan
    return {
        "pixels": shrink(sample.pixels, _SIDE_PX),
        "label": label_svg(sample),
        "fate": entry.reason or entry.decision,
        "passed": entry.passed,
        "value": "" if math.isnan(value) else f"{value:.3f}",
        "width": sample.width,
        "height": sample.height,
    }
