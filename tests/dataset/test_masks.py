import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from posedreamer.dataset.masks import decode_mask, encode_mask
from posedreamer.errors import DatasetError

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=40))


@given(masks)
def test_text_is_that_of_pycocotools_and_decodes_to_the_same_mask(mask):
    peer = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    text = encode_mask(mask)
    assert text == peer["counts"].decode()
    assert np.array_equal(decode_mask(text, *mask.shape), mask)


@given(st.integers(0, 2**32 - 1), st.integers(1, 600), st.integers(1, 600))
def test_large_blobs_agree_too(seed, height, width):
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), dtype=bool)
    for _ in range(4):
        y, x = rng.integers(0, height), rng.integers(0, width)
        mask[y : y + rng.integers(1, height + 1), x : x + rng.integers(1, width + 1)] ^= True
    text = encode_mask(mask)
    assert text == coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert np.array_equal(decode_mask(text, height, width), mask)


def test_wrong_size_and_cut_text_are_errors():
    text = encode_mask(np.eye(30, dtype=bool))
    with pytest.raises(DatasetError, match="900 pixels, expected 30 x 31"):
        decode_mask(text, 30, 31)
    with pytest.raises(DatasetError, match="middle of a number"):
        decode_mask(text + "P", 30, 30)
