import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from posedreamer.web.account import Account, Entry
from posedreamer.web.selection import choose_dropped, choose_kept, ranked, spread

REASONS = ("low_oks", "mirrored", "not_found")
outcomes = st.tuples(st.sampled_from(("kept", "dropped", "failed", *REASONS)), st.one_of(st.none(), st.floats(0, 1)))


def account_from(rows):
    entries = tuple(
        Entry(
            id=f"{place:04d}", index=place, decision="dropped" if what in REASONS else what, stage="gate",
            reason=what if what in REASONS else "", action="walking", posture="upright", source="prior",
            has_picture=what != "failed",
        )
        for place, (what, _) in enumerate(rows)
    )  # fmt: skip
    values = np.array([np.nan if value is None else value for _, value in rows], dtype=np.float64)
    return Account(entries=entries, scores={"oks": values})


@given(st.integers(0, 500), st.integers(1, 60))
def test_spread_positions_are_distinct_in_order_and_reach_both_ends(count, wanted):
    found = spread(count, wanted)
    assert len(found) == min(count, wanted)
    assert found == sorted(set(found))
    if found and wanted > 1:
        assert (found[0], found[-1]) == (0, count - 1)


@given(st.lists(outcomes, max_size=120), st.integers(10, 40), st.integers(1, 5))
def test_the_kept_choice_fills_its_places_and_holds_the_extremes(rows, wanted, extremes):
    account = account_from(rows)
    kept = [place for place, (what, _) in enumerate(rows) if what == "kept"]
    chosen = choose_kept(account, "oks", wanted, extremes)
    assert chosen == sorted(set(chosen))
    assert set(chosen) <= set(kept)
    assert len(chosen) == min(wanted, len(kept))
    order = ranked(account, "oks")
    assert {*order[:extremes], *order[-extremes:]} <= set(chosen)
    assert choose_kept(account, "oks", wanted, extremes) == chosen


@given(st.lists(outcomes, max_size=120), st.integers(3, 30))
def test_the_dropped_choice_shows_every_reason(rows, wanted):
    account = account_from(rows)
    chosen = choose_dropped(account, "oks", wanted)
    dropped = [place for place, (what, _) in enumerate(rows) if what in REASONS or what == "dropped"]
    assert len(chosen) == len(set(chosen)) <= wanted
    assert set(chosen) <= set(dropped)
    present = {account.entries[place].reason for place in dropped}
    if wanted >= len(present):
        assert {account.entries[place].reason for place in chosen} == present
    if len(dropped) >= wanted:
        assert len(chosen) == wanted


def test_ranking_leaves_out_what_has_no_score():
    account = account_from([("kept", 0.9), ("kept", None), ("kept", 0.2), ("low_oks", 0.1)])
    assert ranked(account, "oks") == [2, 0]
    assert ranked(account, "unknown") == []
