"""Everything the template shows, as plain values and small charts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
from jaxtyping import Float64
from markupsafe import Markup

from posedreamer.dataset.manifest import MANIFEST_NAME
from posedreamer.dataset.open import Dataset
from posedreamer.dataset.schema import DROPPED, FAILED, KEPT, SURPLUS
from posedreamer.recipes.control import UNPAIRED
from posedreamer.recipes.keep_rate import wilson_interval
from posedreamer.web.account import Account, Threshold, keep_rates
from posedreamer.web.cards import Card
from posedreamer.web.charts import Bins, Mark, Series, bins_of, histogram, plain, rose
from posedreamer.web.measures import Measures

__all__ = ["card_data", "distribution_charts", "headline", "origin", "rate_rows", "reason_rows", "score_charts"]

_FIRST_RATES = 12
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with what stands above it."""

    title: str
    note: str
    svg: Markup


def headline(dataset: Dataset, account: Account) -> dict[str, Any]:
    """Name, counts that balance, keep rate, seed, time."""
    manifest, total = dataset.manifest, len(account.entries)
    low, high = wilson_interval(account.passed, total)
    recipe = manifest.recipe
    written = datetime.fromtimestamp((dataset.path / MANIFEST_NAME).stat().st_mtime, tz=UTC)
    decisions = [
        {"name": name, "count": account.count(name), "share": account.count(name) / total if total else 0.0}
        for name in (KEPT, SURPLUS, DROPPED, FAILED)
    ]
    return {
        "name": dataset.path.resolve().name,
        "recipe": str(recipe.get("name", "unnamed")),
        "seed": str(recipe.get("seed", "unknown")),
        "size": f"{recipe['width']} x {recipe['height']} px" if {"width", "height"} <= set(recipe) else "",
        "written": written.strftime("%Y-%m-%d %H:%M UTC"),
        "labels": manifest.counts.labels,
        "candidates": total,
        "requested": manifest.requested,
        "decisions": decisions,
        "passed": account.passed,
        "rate": f"{account.passed / total:.1%}" if total else "-",
        "interval": f"{low:.1%} to {high:.1%}" if total else "",
        "splits": dict(manifest.counts.by_split),
    }


def score_charts(account: Account, thresholds: Sequence[Threshold]) -> list[Chart]:
    """One histogram per score: what passed the gate below, what was dropped on top, the gate's bounds drawn.

    Codes (hashes, embeddings) have none: their values say nothing by themselves.
    """
    passed = np.array([entry.passed for entry in account.entries], dtype=bool)
    gated = [bound.score for bound in thresholds]
    numbers = [name for name in account.scores if not name.startswith(UNPAIRED)]
    names = sorted(numbers, key=lambda name: (name not in gated, gated.index(name) if name in gated else 0))
    charts: list[Chart] = []
    for name in names:
        values = account.scores[name]
        has_score = np.isfinite(values)
        found = values[has_score]
        bounds = [bound for bound in thresholds if bound.score == name]
        bins = bins_of(found, [each.value for each in bounds])
        marks = [_mark(each, bins) for each in bounds]
        series = (
            Series("passed the gate", "kept", values[has_score & passed]),
            Series("dropped", "dropped", values[has_score & ~passed]),
        )
        without = len(values) - found.size
        note = _summary(found) + (f", {without:,} without" if without else "")
        charts.append(Chart(name, note, histogram(series, title=name, marks=marks, bins=bins)))
    return charts


def reason_rows(account: Account) -> list[dict[str, Any]]:
    """Stage, reason, count and share of all candidates of each reason to drop."""
    total = max(len(account.entries), 1)
    found = account.reasons(DROPPED)
    most = max((count for _, _, count in found), default=1)
    return [
        {"stage": stage, "reason": reason, "count": count, "share": f"{count / total:.1%}", "length": count / most}
        for stage, reason, count in found
    ]


def rate_rows(account: Account, key: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Keep rates by "posture", "action" or "source": the largest groups, and the rest."""
    rows = [
        {
            "name": rate.name,
            "passed": rate.passed,
            "total": rate.total,
            "percent": f"{rate.share:.0%}",
            "share": rate.share,
            "low": rate.interval[0],
            "high": rate.interval[1],
        }
        for rate in keep_rates(account, lambda entry: getattr(entry, key))
    ]
    return rows[:_FIRST_RATES], rows[_FIRST_RATES:]


def distribution_charts(measures: Measures) -> dict[str, list[Chart]]:
    """Charts of camera, pose and shape."""
    views = measures.views
    camera = [
        _chart("field of view", "°", views["fov_deg"]),
        _chart("distance", "m", views["distance_m"]),
        _chart("elevation", "°", views["elevation_deg"]),
        Chart(
            "azimuth around the person",
            f"{views['azimuth_deg'].size:,} people whose chest faces sideways",
            rose(views["azimuth_deg"], ("front", "their left", "back", "their right"), "Azimuth around the person"),
        ),
    ]
    pose = [_chart(name, "°", values) for name, values in measures.bends.items()]
    shape = [
        _chart(entry, "", values, span=_unit_span(values))
        for entries in measures.shapes.values()
        for entry, values in entries.items()
    ]
    size = [
        _chart("box height / picture height", "", views["height_share"]),
        _chart("visible joints of 17", "", views["visible_joints"]),
    ]
    return {"camera": camera, "pose": pose, "shape, and size in the picture": [*shape, *size]}


def origin(dataset: Dataset) -> dict[str, Any]:
    """Licences, versions, digests, files and the recipe."""
    manifest = dataset.manifest
    parts = [
        {"path": part.path, "rows": part.rows, "size": _size(part.bytes), "sha256": part.sha256}
        for part in (*manifest.samples, *manifest.ledger)
    ]
    return {
        "licences": dict(manifest.licences),
        "about": dict(manifest.about),
        "by_licence": dict(manifest.counts.by_licence),
        "versions": {"posedreamer (wrote dataset.json)": manifest.package_version, **manifest.versions},
        "stages": _words(manifest.recipe.get("stages")),
        "bodies": _words(manifest.recipe.get("bodies")),
        "digests": {
            "recipe": manifest.recipe_digest,
            "identity": manifest.identity_digest,
            "content": manifest.content_digest,
        },
        "schema_version": manifest.schema_version,
        "parts": parts,
        "recipe": json.dumps(manifest.recipe, indent=2, ensure_ascii=False),
    }


def card_data(card: Card) -> dict[str, Any]:
    """What the page's script needs of a card; numbers too large for it are text."""
    return {
        "caption": card.caption,
        "note": card.note,
        "stage": card.entry.stage,
        "reason": card.entry.reason,
        "decision": card.entry.decision,
        "size": [card.width, card.height],
        "scores": {name: float(f"{value:.6g}") for name, value in card.scores.items()},
        "facts": [list(fact) for fact in card.facts],
        "controls": dict(card.controls),
    }


def _mark(bound: Threshold, bins: Bins) -> Mark:
    """The line of a bound: at its value, or on the side of the bar that it lets through."""
    sign, inset = ("≥", -0.5) if bound.side == "minimum" else ("≤", 0.5)
    return Mark(bound.value + (inset if bins.is_whole else 0.0), f"{sign} {bound.value:g}")


def _chart(title: str, unit: str, values: Float64[np.ndarray, " n"], span: Sequence[float] = ()) -> Chart:
    series = (Series("kept", "kept", values),)
    bins = bins_of(values, span, count=24)
    return Chart(title, _summary(values, unit), histogram(series, title=title, bins=bins))


def _unit_span(values: Float64[np.ndarray, " n"]) -> tuple[float, ...]:
    """0 to 1 for values that stay within it, so that such charts can be compared."""
    return (0.0, 1.0) if values.size and values.min() >= 0.0 and values.max() <= 1.0 else ()


def _summary(values: Float64[np.ndarray, " n"], unit: str = "") -> str:
    if not values.size:
        return "no values"
    step = 1.0 if unit == "°" else 0.0
    low, middle, high = (plain(float(each), step) for each in np.percentile(values, (5, 50, 95)))
    space = "" if unit in ("", "°") else " "
    return f"{middle}{space}{unit} ({low} to {high})"


def _words(found: Any) -> dict[str, str]:
    if not isinstance(found, Mapping):
        return {}
    return {str(name): str(value) for name, value in cast("Mapping[object, object]", found).items()}


def _size(count: int) -> str:
    power = min(len(_UNITS) - 1, max(0, len(str(count)) - 1) // 3)
    return f"{count / 1000**power:.{min(power, 1)}f} {_UNITS[power]}"
