"""Cards: one picture each, with everything a person wants to know of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from markupsafe import Markup

from posedreamer.dataset.manifest import BLOCKS_FOLDER
from posedreamer.dataset.open import Dataset
from posedreamer.dataset.sample import Sample, sample_of
from posedreamer.dataset.schema import KEPT
from posedreamer.errors import DatasetError, PoseDreamerError
from posedreamer.execution.blocks import block_at
from posedreamer.execution.parquet import read_table
from posedreamer.execution.progress import Meter
from posedreamer.web.account import Account, Entry
from posedreamer.web.charts import plain
from posedreamer.web.measures import View, view_of
from posedreamer.web.views import control_maps, label_svg, shrink

__all__ = ["Card", "dropped_cards", "facts_of", "kept_cards", "pictures_of", "stored_sample", "view_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One candidate as the page shows it.

    Attributes:
        picture: at most 384 px a side, None where its block was pruned.
        label: the label as an SVG to lie over the picture.
        controls: control map -> base64 WebP; empty where they cannot be rendered.
        note: why something is not shown, "" otherwise.
        facts: (name, value) rows for reading.
    """

    entry: Entry
    picture: UInt8[np.ndarray, "h w 3"] | None = field(repr=False)
    label: Markup = field(repr=False)
    controls: Mapping[str, str] = field(repr=False)
    note: str
    caption: str
    split: str
    width: int
    height: int
    scores: Mapping[str, float]
    facts: tuple[tuple[str, str], ...] = field(repr=False)


def kept_cards(dataset: Dataset, account: Account, rows: Sequence[int], meter: Meter) -> list[Card]:
    """Cards of kept ledger rows. Raises DatasetError when samples and ledger are not in the same order."""
    kept = [row for row, entry in enumerate(account.entries) if entry.decision == KEPT]
    places = {row: place for place, row in enumerate(kept)}
    cards: list[Card] = []
    for row in rows:
        sample: Sample = dataset[places[row]]
        if sample.id != account.entries[row].id:
            raise DatasetError(
                f"{dataset.path}: sample {places[row]} is {sample.id}, the ledger has {account.entries[row].id} "
                "there; run `posedreamer verify` on it"
            )
        cards.append(_card(account.entries[row], sample))
        meter.advance()
    return cards


def dropped_cards(dataset: Dataset, account: Account, rows: Sequence[int], meter: Meter) -> list[Card]:
    """Cards of ledger rows that were not kept, from the block files as far as they are still there."""
    cards: list[Card] = []
    for row in rows:
        entry = account.entries[row]
        sample = stored_sample(dataset, entry)
        cards.append(_pruned(account, row) if sample is None else _card(entry, sample))
        meter.advance()
    return cards


def stored_sample(dataset: Dataset, entry: Entry) -> Sample | None:
    """A painted candidate as its block file holds it, None where that is pruned. Raises DatasetError if damaged."""
    path = _block_path(dataset, entry)
    if path is None or not path.exists() or not entry.has_picture:
        return None
    places = [place for place, name in enumerate(read_table(path, ["id"]).column("id").to_pylist()) if name == entry.id]
    if not places:
        raise DatasetError(f"{path} lacks {entry.id}, which the ledger says it holds; run `posedreamer verify` on it")
    row: dict[str, Any] = read_table(path).slice(places[0], 1).to_pylist()[0]
    if row["image"] is None or row["image"]["bytes"] is None:
        return None
    return sample_of({**row, "split": ""})


def facts_of(sample: Sample) -> tuple[tuple[str, str], ...]:
    """What is known of a sample besides its scores, for reading."""
    people = len(sample.people)
    bodies = sorted(
        {
            f"{each.person.body_model} {version}"
            for each, version in zip(sample.people, sample.body_versions, strict=True)
        }
    )
    facts = [
        ("action", "; ".join(person.person.action for person in sample.people)),
        ("posture", "; ".join(person.posture for person in sample.people)),
        ("people", str(people)),
        ("body", ", ".join(bodies)),
        ("split", sample.split or "none"),
        ("source", sample.source),
        ("clip", sample.clip),
        ("licence", sample.licence),
        ("generator", f"{sample.generator} {sample.generator_revision}"),
        ("generator's licence", sample.generator_licence or "not stated"),
        ("seed", str(sample.seed)),
        ("picture", f"{sample.width} x {sample.height} px"),
        ("focal length", f"{plain(float(sample.camera.K[0, 0]))} px"),
    ]
    for place, person in enumerate(sample.people):
        name = "camera" if people == 1 else f"camera to person {place + 1}"
        facts.append((name, view_text(view_of(sample.camera, person.keypoints_3d_cam_m))))
        visible = int((person.keypoints_2d[:, 2] == 2).sum())
        facts.append(("visible joints" if people == 1 else f"visible joints {place + 1}", f"{visible} of 17"))
    return tuple(facts)


def view_text(view: View) -> str:
    """A view in words with units."""
    parts = [
        f"field of view {view.fov_deg:.0f}°",
        f"{view.distance_m:.2f} m away",
        f"elevation {view.elevation_deg:+.0f}°",
    ]
    if math.isfinite(view.azimuth_deg):
        parts.append(f"azimuth {view.azimuth_deg:+.0f}° from the chest")
    return ", ".join(parts)


def _card(entry: Entry, sample: Sample) -> Card:
    note = ""
    controls: Mapping[str, str] = {}
    try:
        controls = control_maps(sample)
    except PoseDreamerError as error:
        note = f"Control maps cannot be rendered: {error}"
    return Card(
        entry=entry,
        picture=shrink(sample.pixels),
        label=label_svg(sample),
        controls=controls,
        note=note,
        caption=sample.caption.text,
        split=sample.split,
        width=sample.width,
        height=sample.height,
        scores=sample.scores,
        facts=facts_of(sample),
    )


def _pruned(account: Account, row: int) -> Card:
    entry = account.entries[row]
    values = {name: float(column[row]) for name, column in account.scores.items()}
    return Card(
        entry=entry,
        picture=None,
        label=Markup(),
        controls={},
        note="Its picture was pruned; the ledger keeps its scores.",
        caption="",
        split="",
        width=1,
        height=1,
        scores={name: value for name, value in values.items() if math.isfinite(value)},
        facts=(("action", entry.action), ("posture", entry.posture or "unknown"), ("source", entry.source)),
    )


def _block_path(dataset: Dataset, entry: Entry) -> Path | None:
    size: Any = dataset.manifest.recipe.get("block_size")
    if not isinstance(size, int) or size < 1:
        return None
    return dataset.path / BLOCKS_FOLDER / f"{block_at(entry.index // size, size).block_id}.parquet"


def pictures_of(cards: Sequence[Card]) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """The pictures that are there, in order."""
    return (card.picture for card in cards if card.picture is not None)
