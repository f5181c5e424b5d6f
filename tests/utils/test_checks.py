"""Checks of numeric arguments."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyterrier_hybrid.utils.checks import LARGEST_SEED, finite_number, whole_number


@given(number=st.integers(-(2**40), 2**40), least=st.integers(-100, 100))
def test_whole_numbers_from_the_smallest_allowed_one(number, least):
    for value in (number, np.int64(number)):
        if number < least:
            with pytest.raises(ValueError, match=f"it must be at least {least}"):
                whole_number("depth", value, least=least)
        else:
            result = whole_number("depth", value, least=least)
            assert type(result) is int and result == number


@pytest.mark.parametrize("value", [1.0, "1", None, [1], True, np.True_, np.float32(1), np.array([1, 2])])
def test_other_values_are_not_whole_numbers(value):
    with pytest.raises(TypeError, match="^depth=.* is .*, not a whole number$"):
        whole_number("depth", value)


@given(number=st.floats() | st.integers(-(2**40), 2**40), least=st.floats(-100, 100))
def test_finite_numbers_from_the_smallest_allowed_one(number, least):
    for value in (number, np.float64(number)):
        if math.isfinite(number) and number >= least:
            result = finite_number("margin", value, least=least)
            assert type(result) is float and result == number
        else:
            with pytest.raises(ValueError, match="^margin=.*: it must be at least .* and finite$"):
                finite_number("margin", value, least=least)


@pytest.mark.parametrize("value", ["1", None, [1.0], 1j, True])
def test_other_values_are_not_numbers(value):
    with pytest.raises(TypeError, match="^margin=.* is .*, not a number$"):
        finite_number("margin", value)


def test_the_largest_seed_is_that_of_numpy():
    np.random.RandomState(LARGEST_SEED)
    with pytest.raises(ValueError, match="Seed must be between"):
        np.random.RandomState(LARGEST_SEED + 1)
