"""A data set, or one of its rows, as plain text for a terminal."""

from __future__ import annotations

import bisect
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posedreamer.dataset.open import Dataset, open_dataset
from posedreamer.dataset.sample import Sample
from posedreamer.dataset.schema import DROPPED, FAILED, KEPT
from posedreamer.errors import InputError, did_you_mean
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.records import PersonAnnotation
from posedreamer.web.account import Account, account_of, keep_rates, thresholds_of
from posedreamer.web.cards import facts_of, stored_sample
from posedreamer.web.charts import plain
from posedreamer.web.selection import spread

__all__ = ["inspect_text"]

_WIDTH = 100
_FEW = 8
_NEIGHBOURS = 50
_SEEN: Mapping[int, str] = {2: "visible", 1: "occluded", 0: "outside"}


def inspect_text(dataset: Path, sample_id: str | None) -> str:
    """The data set in short, or everything about one candidate of it.

    Raises DatasetError when the folder is no finished data set, InputError for an id it does not have.
    """
    opened = open_dataset(dataset)
    account = account_of(opened)
    lines = _summary(opened, account) if sample_id is None else _row(opened, account, sample_id)
    return "\n".join(lines)


def _summary(dataset: Dataset, account: Account) -> Iterator[str]:
    manifest, counts = dataset.manifest, dataset.manifest.counts
    recipe = manifest.recipe
    yield f"{dataset.path}  (recipe {recipe.get('name', 'unnamed')}, seed {recipe.get('seed', 'unknown')})"
    if manifest.origin:
        yield f"repainted from {manifest.origin['path']}, {manifest.origin['rows']} rows"
    yield ""
    for name in ("labels", "candidates", "kept", "surplus", "dropped", "failed"):
        yield f"  {name:12}{getattr(counts, name):>9,}"
    total = len(account.entries)
    yield f"  {'keep rate':12}{account.passed / total if total else 0.0:>9.1%}  (kept and surplus, of candidates)"
    for decision, title in ((DROPPED, "dropped by reason"), (FAILED, "failed by error")):
        found = account.reasons(decision)
        if found:
            yield from ["", title]
            yield from (f"  {count:>9,}  {stage}: {reason}" for stage, reason, count in found[: 2 * _FEW])
            yield from _more(len(found) - 2 * _FEW)
    yield from _score_lines(dataset, account)
    for key in ("posture", "action", "source"):
        rates = keep_rates(account, lambda entry, key=key: getattr(entry, key))
        yield from ["", f"keep rate by {key}"]
        yield from (
            f"  {rate.share:>9.0%}  {rate.passed:>7,} of {rate.total:>7,}  {rate.name}" for rate in rates[:_FEW]
        )
        yield from _more(len(rates) - _FEW)
    yield from _table("splits", {name: f"{count:,}" for name, count in counts.by_split.items()})
    yield from _table("licences", manifest.licences)
    yield from _table("about", manifest.about)
    yield from _table("digests", {"identity": manifest.identity_digest, "content": manifest.content_digest})
    kept = [entry.id for entry in account.entries if entry.decision == KEPT]
    yield from ["", "some ids", *(f"  {kept[place]}" for place in spread(len(kept), 3))]


def _score_lines(dataset: Dataset, account: Account) -> Iterator[str]:
    if not account.scores:
        return
    bounds = {bound.score: bound for bound in thresholds_of(dataset.manifest.recipe)}
    yield from ["", f"  {'score':18}{'5 %':>9}{'median':>9}{'95 %':>9}{'without':>9}  gate"]
    for name, values in account.scores.items():
        found = values[np.isfinite(values)]
        cells = [plain(float(each)) for each in np.percentile(found, (5, 50, 95))] if found.size else ["-"] * 3
        bound = bounds.get(name)
        gate = f"{'at least' if bound.side == 'minimum' else 'at most'} {bound.value:g}" if bound else ""
        numbers = "".join(f"{cell:>9}" for cell in cells)
        yield f"  {name:18}{numbers}{len(values) - found.size:>9,}  {gate}".rstrip()


def _row(dataset: Dataset, account: Account, sample_id: str) -> Iterator[str]:
    ids = [entry.id for entry in account.entries]
    if sample_id not in ids:
        raise InputError(_unknown(dataset, ids, sample_id))
    place = ids.index(sample_id)
    entry = account.entries[place]
    why = f" at {entry.stage}: {entry.reason}" if entry.reason else ""
    yield from [sample_id, f"  {entry.decision}{why}"]
    kept = entry.decision == KEPT
    sample: Sample | None = (
        dataset[sum(each.decision == KEPT for each in account.entries[:place])]
        if kept
        else stored_sample(dataset, entry)
    )
    if sample is None:
        yield f"  label {entry.index}, action {entry.action or 'unknown'}, source {entry.source}"
        yield "  " + ("its picture was pruned" if entry.has_picture else "it was stopped before a picture was painted")
    else:
        yield from _sample(sample)
    scores = {name: float(values[place]) for name, values in account.scores.items() if values[place] == values[place]}
    yield from _table("scores", {name: f"{plain(value):>10}" for name, value in scores.items()})


def _sample(sample: Sample) -> Iterator[str]:
    yield from ["", *textwrap.wrap(sample.caption.text, _WIDTH, initial_indent="  ", subsequent_indent="  ")]
    yield from _table("facts", dict(facts_of(sample)))
    for place, person in enumerate(sample.people):
        title = "person" if len(sample.people) == 1 else f"person {place + 1}"
        yield from ["", f"{title}: box x y w h = {_numbers(person.bbox_xywh_px)} px, {person.visible_px:,} visible px"]
        yield from _joints(person)
        for name, values in person.person.parameters.items():
            shape = " x ".join(str(size) for size in values.shape)
            yield f"  {name:18}{shape:>9}  {_numbers(values) if values.size <= _FEW else _span(values)}"
    yield from ["", f"camera K (px): {_matrix(sample.camera.K)}"]
    yield f"cam_from_world: {_matrix(sample.camera.cam_from_world)}"


def _joints(person: PersonAnnotation) -> Iterator[str]:
    yield f"  {'joint':18}{'x px':>9}{'y px':>9}  {'':9}{'x m':>9}{'y m':>9}{'z m':>9}"
    for name, flat, solid in zip(COCO_17.names, person.keypoints_2d, person.keypoints_3d_cam_m, strict=True):
        metres = "".join(f"{float(value):>9.3f}" for value in solid)
        seen = _SEEN.get(int(flat[2]), "unknown")
        yield f"  {name:18}{float(flat[0]):>9.1f}{float(flat[1]):>9.1f}  {seen:9}{metres}"


def _unknown(dataset: Dataset, ids: Sequence[str], wanted: str) -> str:
    """What to do about an id that is not there; only ids that sort near it are compared, lists can be long."""
    inside = [each for each in ids if each.startswith(f"{wanted}-")]
    if inside:
        return (
            f"{wanted!r} is the start of {len(inside)} id(s) in {dataset.path}; give one whole: {', '.join(inside[:4])}"
        )
    ordered = sorted(ids)
    place = bisect.bisect_left(ordered, wanted)
    near = ordered[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS]
    example = f" Ids look like {ordered[0]!r}." if ordered else ""
    hint = did_you_mean(wanted, near) or example
    return (
        f"{dataset.path} has no candidate {wanted!r} among its {len(ids):,}; `inspect` without an id lists some.{hint}"
    )


def _table(title: str, rows: Mapping[str, Any]) -> Iterator[str]:
    width = max((len(name) for name in rows), default=0) + 2
    yield from ["", title, *(f"  {name:{width}}{value}" for name, value in rows.items())]


def _more(count: int) -> list[str]:
    return [f"  {'':>9}  and {count} more"] if count > 0 else []


def _numbers(values: Any) -> str:
    return " ".join(plain(float(value)) for value in np.ravel(values))


def _span(values: Any) -> str:
    return f"{plain(float(np.min(values)))} to {plain(float(np.max(values)))}"


def _matrix(values: Any) -> str:
    return "[" + "; ".join(_numbers(row) for row in values) + "]"
