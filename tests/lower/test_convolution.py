"""Which nests a convolution becomes."""

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import BF16, F32
from compiler.executable import compile_module
from compiler.ir import TensorType, module
from compiler.lower import lower
from compiler.nest.interp import run
from compiler.nest.ir import Dot, Map, Reduce

LAST = ((0, 3, (1, 2)), (2, 3, (0, 1)), (0, 3, (1, 2)))  # features last
SIDES = (
    ("input_batch", "input_feature", "input_spatial"),
    ("kernel_input_feature", "kernel_output_feature", "kernel_spatial"),
    ("output_batch", "output_feature", "output_spatial"),
)
FIRST = ((0, 1, (2, 3)), (1, 0, (2, 3)), (0, 1, (2, 3)))  # features first


def convolution(lhs, rhs, dims, dtype=F32, groups=1, **attrs):
    b = Builder([TensorType(lhs, dtype), TensorType(rhs, dtype)])
    sides = zip(SIDES, dims, strict=True)
    for names, places in sides:
        for name, place in zip(names, places, strict=True):
            attrs[f"{name}_dimension{'s' if name.endswith('spatial') else ''}"] = place
    made = b.emit("convolution", [0, 1], feature_group_count=groups, batch_group_count=1, **attrs)
    return module(b.graph([made]))


def kinds(m):
    return [type(n) for n in lower(m).nests]


@pytest.mark.parametrize(
    ("lhs", "rhs", "dims"),
    [((2, 8, 8, 4), (3, 3, 4, 5), LAST), ((2, 4, 8, 8), (5, 4, 3, 3), FIRST)],
)
def test_patches_and_one_contraction_that_writes_the_result(lhs, rhs, dims):
    assert kinds(convolution(lhs, rhs, dims)) == [Map, Dot]


@pytest.mark.parametrize(
    ("lhs", "rhs", "dims"),
    [((2, 8, 8, 4), (1, 1, 4, 5), LAST), ((2, 4, 8, 8), (5, 4, 1, 1), FIRST)],
)
def test_windows_of_one_element_are_read_in_place(lhs, rhs, dims):
    assert kinds(convolution(lhs, rhs, dims)) == [Dot]


def test_padding_and_strides_need_patches():
    one = ((2, 8, 8, 4), (1, 1, 4, 5), LAST)
    assert kinds(convolution(*one, padding=((1, 0), (0, 0)))) == [Map, Map, Dot]
    assert kinds(convolution(*one, window_strides=(2, 1))) == [Map, Dot]


def test_a_layout_of_its_own_is_transposed_at_the_end():
    odd = (LAST[0], LAST[1], (1, 0, (2, 3)))
    assert kinds(convolution((2, 8, 8, 4), (3, 3, 4, 5), odd)) == [Map, Dot, Map]


def test_groups_of_one_channel_are_folds():
    m = convolution((2, 8, 8, 4), (3, 3, 1, 8), LAST, groups=4)
    assert kinds(m) == [Reduce]
    small = convolution((2, 8, 8, 4), (3, 3, 1, 8), LAST, BF16, groups=4)
    assert kinds(small) == [Reduce, Map], "sums in f32, rounded once"


@pytest.mark.parametrize("dtype", [F32, BF16])
@pytest.mark.parametrize(("groups", "features"), [(1, 33), (2, 6), (8, 16)])
def test_machine_code_has_the_bits_of_the_nests(dtype, groups, features):
    rng = np.random.default_rng(7)
    shape, kernel = (2, 9, 11, 8), (3, 3, 8 // groups, features)
    m = convolution(shape, kernel, LAST, dtype, groups, padding=((1, 1), (0, 2)))
    x, w = (rng.standard_normal(s).astype(dtype.numpy) for s in (shape, kernel))
    (got,), (want,) = compile_module(m)(x, w), run(lower(m), [x, w])
    assert got.tobytes() == want.tobytes()
    exact = np.zeros((2, 9, 11, features))
    wide = np.pad(x.astype(np.float64), ((0, 0), (1, 1), (0, 2), (0, 0)))
    for i, j, f in np.ndindex(3, 3, features):
        first = f // (features // groups) * kernel[2]
        part = wide[:, i : i + 9, j : j + 11, first : first + kernel[2]]
        exact[..., f] += part @ w[i, j, :, f].astype(np.float64)
    size = 72 // groups * np.abs(exact).max()
    assert np.abs(got.astype(np.float64) - exact).max() < size * 2.0**-dtype.precision
