from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from posedreamer.bodies.baked import pack_codes, read_baked, unpack_codes
from posedreamer.errors import InputError

LIMIT = 2**23 - 1


@given(arrays(np.int32, array_shapes(max_dims=3, max_side=6), elements=st.integers(-LIMIT, LIMIT)))
def test_codes_come_back(codes: np.ndarray) -> None:
    planes = pack_codes(codes)
    assert planes.dtype == np.uint8
    assert planes.shape == (3, *codes.shape)
    np.testing.assert_array_equal(unpack_codes(planes), codes)


def test_small_codes_leave_the_upper_planes_empty() -> None:
    planes = pack_codes(np.arange(-127, 128, dtype=np.int32))
    assert not planes[1:].any()


def test_codes_too_large_are_refused() -> None:
    with pytest.raises(InputError, match="does not fit into 24 bits"):
        pack_codes(np.array([LIMIT + 2], dtype=np.int32))


def test_a_missing_file_and_one_of_another_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no baked body at"):
        read_baked(tmp_path / "anny.npz")
    np.savez(tmp_path / "other.npz", format=np.array("something/2"))
    with pytest.raises(InputError, match=r"is a 'something/2'; expected 'posedreamer-baked-body/1'"):
        read_baked(tmp_path / "other.npz")
