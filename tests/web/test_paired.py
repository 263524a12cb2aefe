import math

import numpy as np
import pytest

from posedreamer.web.paired import gap_of


def test_the_interval_is_the_textbooks():
    # t(0.975, 2) = 4.30265; standard error 1 / sqrt(3)
    gap = gap_of(np.array([1.0, 2.0, 3.0]))
    assert (gap.pairs, gap.mean) == (3, 2.0)
    assert (gap.low, gap.high) == (pytest.approx(-0.48414, abs=1e-4), pytest.approx(4.48414, abs=1e-4))


def test_too_few_pairs_have_no_interval():
    assert math.isnan(gap_of(np.array([])).mean)
    assert gap_of(np.array([0.5])).mean == 0.5
    assert math.isnan(gap_of(np.array([0.5])).low)
