"""Which of many rows a page shows: the same ones for the same ledger."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np

from posedreamer.dataset.schema import DROPPED, KEPT
from posedreamer.web.account import Account

__all__ = ["choose_dropped", "choose_kept", "ranked", "spread"]


def spread(count: int, wanted: int) -> list[int]:
    """``wanted`` positions below ``count``, evenly spaced, first and last included; all when there are fewer."""
    if count <= wanted:
        return list(range(count))
    return sorted({round(float(place)) for place in np.linspace(0, count - 1, wanted)})


def ranked(account: Account, score: str, decision: str = KEPT) -> list[int]:
    """Ledger rows of a decision that have the score, lowest first; ties by ledger order."""
    if score not in account.scores:
        return []
    values = account.scores[score]
    rows = [
        row for row, entry in enumerate(account.entries) if entry.decision == decision and values[row] == values[row]
    ]
    return sorted(rows, key=lambda row: (float(values[row]), row))


def choose_kept(account: Account, score: str, wanted: int, extremes: int) -> list[int]:
    """Ledger rows of the kept samples to show, in ledger order: the extremes by score, the rest evenly spaced."""
    kept = [row for row, entry in enumerate(account.entries) if entry.decision == KEPT]
    if len(kept) <= wanted:
        return kept
    order = ranked(account, score)
    chosen = set(order[:extremes]) | set(order[-extremes:])
    rest = [row for row in kept if row not in chosen]
    chosen |= {rest[place] for place in spread(len(rest), wanted - len(chosen))}
    return sorted(chosen)


def choose_dropped(account: Account, score: str, wanted: int) -> list[int]:
    """Ledger rows of dropped, painted candidates: every reason has its turn, in each the whole range of scores.

    Grouped by reason, most frequent first; in a group the highest score, nearest to passing, first.
    """
    values = account.scores.get(score, np.full(len(account.entries), np.nan))
    groups: list[list[int]] = []
    for stage, reason, _ in account.reasons(DROPPED):
        rows = [
            row
            for row, entry in enumerate(account.entries)
            if (entry.decision, entry.stage, entry.reason, entry.has_picture) == (DROPPED, stage, reason, True)
        ]
        groups.append(sorted(rows, key=lambda row: (-float(np.nan_to_num(values[row], nan=-1e9)), row)))
    shares = _shares([len(group) for group in groups], wanted)
    return [group[place] for group, share in zip(groups, shares, strict=True) for place in spread(len(group), share)]


def _shares(sizes: Sequence[int], wanted: int) -> list[int]:
    """How many of each group: one each in turn until ``wanted`` are dealt or the groups are empty."""
    turns = zip_longest(*([group] * size for group, size in enumerate(sizes)))
    dealt = [group for turn in turns for group in turn if group is not None][:wanted]
    return [dealt.count(group) for group in range(len(sizes))]
