import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posedreamer.web.account import Account, Entry
from posedreamer.web.charts import Bins, Mark, Series, bins_of, histogram, plain, rose
from posedreamer.web.page import score_charts

numbers = st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 6)), min_size=1, max_size=60)


def counts_in(svg, style):
    return [int(count) for count in re.findall(rf'class="{style}"[^>]*><title>[^:]*: (\d+)', svg)]


@given(numbers, st.lists(st.floats(-1e3, 1e3), max_size=2))
def test_bins_hold_every_value_and_every_mark(values, marks):
    bins = bins_of(np.array(values), marks)
    found = [*values, *marks]
    slack = 1e-6 * max(1.0, *map(abs, found))
    assert bins.edges[0] <= min(found) + slack
    assert bins.edges[-1] >= max(found) - slack
    assert np.all(np.diff(bins.edges) > 0)
    assert len(bins.edges) <= 80


@given(numbers, numbers)
def test_bars_count_every_value_of_every_series(passed, dropped):
    svg = histogram(
        (Series("passed", "kept", np.array(passed)), Series("dropped", "dropped", np.array(dropped))), title="oks"
    )
    assert sum(counts_in(svg, "kept")) == len(passed)
    assert sum(counts_in(svg, "dropped")) == len(dropped)


@given(st.lists(st.integers(-3, 12), min_size=1))
def test_whole_numbers_stand_on_their_own_bar(values):
    bins = bins_of(np.array(values, dtype=float))
    assert bins.is_whole
    counts = np.histogram(values, bins.edges)[0]
    assert counts[counts > 0].tolist() == list(np.unique(values, return_counts=True)[1])


def test_moving_a_value_moves_a_bar_and_a_mark_its_line():
    bins = Bins(np.linspace(0, 1, 11), False)

    def drawn(values, mark):
        return histogram((Series("a", "kept", np.array(values)),), title="t", marks=[Mark(mark, "gate")], bins=bins)

    line = re.compile(r'<line class="mark" x1="([\d.]+)"')
    bar = re.compile(r'<rect class="kept" x="([\d.]+)"')
    near, far = drawn([0.15], 0.2), drawn([0.85], 0.9)
    assert float(line.search(far).group(1)) > float(line.search(near).group(1))
    assert float(bar.search(far).group(1)) > float(bar.search(near).group(1))


def test_words_in_a_chart_are_escaped():
    svg = histogram((Series("<a>", "kept", np.ones(1)),), title="<t>", marks=[Mark(1.0, "<gate>")])
    assert not re.search(r"<(a|t|gate)>", svg)


def test_no_values_give_an_empty_frame():
    svg = histogram((Series("kept", "kept", np.empty(0)),), title="oks")
    assert counts_in(svg, "kept") == []
    assert "<text" in svg


@given(st.lists(st.floats(-180, 180), min_size=1, max_size=80))
def test_a_rose_counts_every_angle_whatever_its_turn(angles):
    once = rose(np.array(angles), ("f", "l", "b", "r"), "azimuth")
    again = rose(np.array(angles) + 360.0, ("f", "l", "b", "r"), "azimuth")
    assert sum(counts_in(once, "kept")) == len(angles)
    assert sum(counts_in(again, "kept")) == len(angles)


def test_a_rose_puts_front_down_and_the_left_side_right():
    def middle(angle):
        path = re.search(r' d="M160 75L(\S+) (\S+)A', rose(np.array([angle]), ("f", "l", "b", "r"), "azimuth"))
        return float(path.group(1)) - 160, float(path.group(2)) - 75

    assert middle(0.0)[1] > 50
    assert middle(180.0)[1] < -50
    assert middle(90.0)[0] > 50
    assert middle(-90.0)[0] < -50


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [(0.25, 0.25, "0.25"), (0.5, 0.1, "0.5"), (12000.0, 1000.0, "12,000"), (0.12345, 0.0, "0.123"), (-0.0, 1.0, "0")],
)
def test_numbers_have_the_decimals_that_their_step_needs(value, step, text):
    assert plain(value, step) == text


def test_codes_have_no_histogram():
    words = dict.fromkeys(("stage", "reason", "action", "posture", "source"), "")
    entries = tuple(Entry(id=str(k), index=k, decision="kept", has_picture=True, **words) for k in range(3))
    names = ("oks", "phash_low", "embedding_0", "clip_quality")
    account = Account(entries=entries, scores={name: np.array([0.1, 0.2, 0.4]) for name in names})
    assert [chart.title for chart in score_charts(account, ())] == ["oks", "clip_quality"]
