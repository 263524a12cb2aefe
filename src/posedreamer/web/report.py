"""The report of a data set: one HTML page that opens from disk and fetches nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from posedreamer.dataset.open import Dataset, open_dataset
from posedreamer.dataset.schema import DROPPED, FAILED
from posedreamer.execution.files import write_bytes
from posedreamer.execution.progress import progress
from posedreamer.web.account import Account, account_of, main_score, thresholds_of
from posedreamer.web.cards import Card, dropped_cards, kept_cards, pictures_of
from posedreamer.web.measures import measure
from posedreamer.web.page import (
    card_data,
    distribution_charts,
    headline,
    origin,
    rate_rows,
    reason_rows,
    score_charts,
)
from posedreamer.web.paired import paired
from posedreamer.web.selection import choose_dropped, choose_kept, ranked
from posedreamer.web.views import CONTROLS, encode_within

__all__ = ["REPORT_NAME", "write_report"]

REPORT_NAME: Final = "report.html"
MOST_KEPT: Final = 200
MOST_DROPPED: Final = 48
EXTREMES: Final = 8
_PICTURE_CHARACTERS: Final = 8_500_000


def write_report(dataset: Path, out: Path | None = None) -> Path:
    """``out`` (by default ``DATASET/report.html``) is the data set's report; its path.

    The same data set gives the same page. Of a large one at most 200 kept and 48 dropped pictures are shown, always
    the same ones, so that the page stays below about 15 MB; counts, scores and rates are those of every candidate.

    Raises DatasetError when the folder is no finished data set or is damaged, InputError when ``out`` cannot be
    written, RunError when the disk is full.
    """
    opened = open_dataset(dataset)
    account = account_of(opened)
    score = main_score(opened.manifest.score_names, thresholds_of(opened.manifest.recipe))
    kept_rows = choose_kept(account, score, MOST_KEPT, EXTREMES)
    dropped_rows = choose_dropped(account, score, MOST_DROPPED)
    with progress("drawing the report", len(kept_rows) + len(dropped_rows), "pictures") as meter:
        kept = kept_cards(opened, account, kept_rows, meter)
        dropped = dropped_cards(opened, account, dropped_rows, meter)
    page = _page(opened, account) | _pictures(account, kept, dropped, score)
    page |= {"paired": paired(opened, account, score)}
    path = Path(out) if out is not None else Path(dataset) / REPORT_NAME
    write_bytes(path, _environment().get_template("report.html").render(page).encode())
    return path


def _page(dataset: Dataset, account: Account) -> dict[str, Any]:
    """Everything on the page but its pictures."""
    measures = measure(dataset)
    return {
        "head": headline(dataset, account),
        "score_charts": score_charts(account, thresholds_of(dataset.manifest.recipe)),
        "reasons": reason_rows(account),
        "failures": account.reasons(FAILED),
        "dropped_count": account.count(DROPPED),
        "unpainted": sum(entry.decision == DROPPED and not entry.has_picture for entry in account.entries),
        "rates": {key: rate_rows(account, key) for key in ("posture", "action", "source")},
        "charts": distribution_charts(measures),
        "measured": measures.samples,
        "origin": origin(dataset),
    }


def _pictures(account: Account, kept: Sequence[Card], dropped: Sequence[Card], score: str) -> dict[str, Any]:
    """The cards with their encoded pictures ("" where there is none), and what the page's script knows of them."""
    encoded = iter(encode_within(list(pictures_of((*kept, *dropped))), _PICTURE_CHARACTERS))
    shown = [(card, next(encoded) if card.picture is not None else "") for card in (*kept, *dropped)]
    ids = {card.entry.id for card in kept}
    order = [account.entries[row].id for row in ranked(account, score)]
    half = min(EXTREMES, len(order) // 2)
    return {
        "kept": shown[: len(kept)],
        "dropped": shown[len(kept) :],
        "worst": [name for name in order[:half] if name in ids],
        "best": [name for name in order[::-1][:half] if name in ids],
        "score": score,
        "score_names": sorted({name for card in kept for name in card.scores}),
        "controls": CONTROLS,
        "filters": {key: _choices(kept, key) for key in ("posture", "action", "source")},
        "data": {card.entry.id: card_data(card) for card in (*kept, *dropped)},
    }


def _choices(cards: Sequence[Card], key: str) -> list[tuple[str, int]]:
    """Values of a column among the cards, with counts, in alphabetical order."""
    return sorted(Counter(getattr(card.entry, key) for card in cards).items())


def _environment() -> Environment:
    """Templates of this package; every value is escaped, a missing one is an error."""
    environment = Environment(
        loader=PackageLoader("posedreamer.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    return environment
