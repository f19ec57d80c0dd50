"""Reads and writes at computed places: the specification's examples, and clamping."""

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import BF16, F32, I8, I32, I64, UI8, UI64
from compiler.errors import InputError, UnsupportedError
from compiler.executable import Executable
from compiler.ir import TensorType, module
from verify.arrays import same_bits
from verify.ref import evaluate


def both(program, *inputs):
    """The reference's results; the compiler must give the same."""
    wanted = evaluate(program, inputs)
    for got, want in zip(Executable(program)(*inputs), wanted, strict=True):
        assert same_bits(got, want)
    return wanted


def applied(op, inputs, types=None, **attrs):
    """One op on the inputs."""
    builder = Builder([TensorType(np.shape(x), dtype) for x, dtype in inputs])
    out = builder.emit(op, range(len(inputs)), types=types, **attrs)
    arrays = [np.asarray(x, dtype.numpy) for x, dtype in inputs]
    return both(module(builder.graph([out])), *arrays)[0]


OPERAND = np.arange(1, 25).reshape(3, 4, 2)


def test_gather_of_the_specification():
    """openxla/stablehlo, docs/spec.md, gather."""
    operand = np.stack([OPERAND, OPERAND + 24])
    starts = [
        [[[0, 0], [1, 0], [2, 1]], [[0, 1], [1, 1], [0, 9]]],
        [[[0, 0], [2, 1], [2, 2]], [[1, 2], [0, 1], [1, 0]]],
    ]
    out = applied(
        "gather",
        [(operand, I32), (np.array(starts), I64)],
        offset_dims=(3, 4),
        collapsed_slice_dims=(1,),
        operand_batching_dims=(0,),
        start_indices_batching_dims=(1,),
        start_index_map=(2, 1),
        index_vector_dim=3,
        slice_sizes=(1, 1, 2, 2),
        indices_are_sorted=False,
    )
    assert out.tolist() == [
        [
            [[[1, 2], [3, 4]], [[3, 4], [5, 6]], [[13, 14], [15, 16]]],
            [[[33, 34], [35, 36]], [[35, 36], [37, 38]], [[41, 42], [43, 44]]],
        ],
        [
            [[[1, 2], [3, 4]], [[13, 14], [15, 16]], [[21, 22], [23, 24]]],
            [[[43, 44], [45, 46]], [[33, 34], [35, 36]], [[27, 28], [29, 30]]],
        ],
    ]


def test_dynamic_slice_of_the_specification():
    operand = [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    inputs = [(np.array(operand), I32), (-1, I64), (3, I64)]
    assert applied("dynamic_slice", inputs, slice_sizes=(2, 2)).tolist() == [[1, 1], [1, 1]]


def test_dynamic_update_slice_of_the_specification():
    operand = [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]
    inputs = [(np.array(operand), I32), (np.ones((2, 2)), I32), (-1, I64), (3, I64)]
    assert applied("dynamic_update_slice", inputs).tolist() == [[1] * 4] * 4


@pytest.mark.parametrize("dtype", [I8, I32, I64, UI8, UI64], ids=str)
def test_starts_are_clamped_in_every_integer_type(dtype):
    limits = np.iinfo(dtype.numpy)
    x = np.arange(7)
    for start in (limits.min, 0, 1, 3, 4, 5, limits.max):
        first = min(max(int(start), 0), 4)
        out = applied("dynamic_slice", [(x, I32), (start, dtype)], slice_sizes=(3,))
        assert out.tolist() == [first, first + 1, first + 2]
        taken = applied(
            "gather",
            [(x, I32), ([start], dtype)],
            offset_dims=(0,),
            start_index_map=(0,),
            index_vector_dim=0,
            slice_sizes=(3,),
            indices_are_sorted=False,
        )
        assert taken.tolist() == out.tolist()
        update = [(x, I32), ([90, 91, 92], I32), (start, dtype)]
        written = applied("dynamic_update_slice", update)
        assert written.tolist() == [90 + k - first if 0 <= k - first < 3 else k for k in x]


def test_an_index_vector_may_have_no_dimension_of_its_own():
    """As numpy.take: index_vector_dim is the rank of the indices."""
    x, indices = np.arange(12.0).reshape(4, 3), np.array([[2, 0], [3, -5]])
    out = applied(
        "gather",
        [(x, BF16), (indices, I8)],
        offset_dims=(2,),
        collapsed_slice_dims=(0,),
        start_index_map=(0,),
        index_vector_dim=2,
        slice_sizes=(1, 3),
        indices_are_sorted=False,
    )
    assert out.astype(float).tolist() == x[[[2, 0], [3, 0]]].tolist()


def test_scalars_and_nothing():
    assert applied("dynamic_slice", [(5.0, F32)], slice_sizes=()).tolist() == 5
    assert applied("dynamic_update_slice", [(5.0, F32), (6.0, F32)]).tolist() == 6
    x = np.arange(3.0)
    none = applied("dynamic_slice", [(x, F32), (1, I32)], slice_sizes=(0,))
    assert none.shape == (0,)
    kept = applied("dynamic_update_slice", [(x, F32), (np.zeros(0), F32), (1, I32)])
    assert kept.tolist() == x.tolist()


def test_a_dropped_dimension_of_which_nothing_is_read_is_refused():
    builder = Builder([TensorType((2,), F32), TensorType((3, 1), I32)])
    out = builder.emit(
        "gather",
        [0, 1],
        collapsed_slice_dims=(0,),
        start_index_map=(0,),
        index_vector_dim=1,
        slice_sizes=(0,),
    )
    program = module(builder.graph([out]))
    for run in (lambda *x: evaluate(program, x), lambda *x: Executable(program)(*x)):
        with pytest.raises(UnsupportedError, match="gather of slices of size 0"):
            run(np.zeros(2, np.float32), np.zeros((3, 1), np.int32))


# --- ops of dynamic shapes ------------------------------------------------------------------------


def test_shapes_that_operands_say():
    x = np.arange(6.0).reshape(2, 3)
    assert applied("get_dimension_size", [(x, F32)], dimension=1) == 3
    shape = TensorType((3, 2), F32)
    out = applied("dynamic_reshape", [(x, F32), ([3, 2], I64)], [shape])
    assert out.tolist() == x.reshape(3, 2).tolist()
    out = applied("dynamic_iota", [([3, 2], I32)], [shape], iota_dimension=0)
    assert out.tolist() == [[0, 0], [1, 1], [2, 2]]
    out = applied(
        "dynamic_broadcast_in_dim",
        [([[1, 2, 3]], F32), ([2, 3, 2], I32)],
        [TensorType((2, 3, 2), F32)],
        broadcast_dimensions=(2, 1),
    )
    assert out.tolist() == [[[1, 1], [2, 2], [3, 3]]] * 2


def test_dynamic_pad_of_the_specification():
    inputs = [
        ([[1, 2, 3], [4, 5, 6]], I32),
        (0, I32),
        ([0, 1], I64),
        ([2, 1], I64),
        ([1, 2], I64),
    ]
    out = applied("dynamic_pad", inputs, [TensorType((5, 9), I32)])
    wanted = np.zeros((5, 9), int)
    wanted[0, 1:8:3], wanted[2, 1:8:3] = [1, 2, 3], [4, 5, 6]
    assert out.tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("low", "high", "interior"),
    [((1, 2), (0, 1), (0, 0)), ((-1, 0), (0, -2), (0, 1)), ((0, -3), (-1, 4), (2, 2))],
)
def test_dynamic_pad_and_pad_agree(low, high, interior):
    """The compiler looks for the source of every element: no padding is known when it compiles."""
    x = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    b = Builder([TensorType(x.shape, F32), TensorType((), F32)])
    attrs = {"edge_padding_low": low, "edge_padding_high": high, "interior_padding": interior}
    static = module(b.graph([b.emit("pad", [0, 1], **attrs)]))
    (wanted,) = evaluate(static, [x, np.float32(9)])
    inputs = [(x, F32), (9, F32), *((np.array(p), I32) for p in (low, high, interior))]
    out = applied("dynamic_pad", inputs, [TensorType(wanted.shape, F32)])
    assert out.tolist() == wanted.tolist()


def test_real_dynamic_slice():
    """Of the specification, and with a stride."""
    x = [[0, 0, 1, 0, 0, 1], [0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 1]]
    inputs = [(x, I32), ([0, 2], I64), ([3, 6], I64), ([2, 3], I64)]
    assert applied("real_dynamic_slice", inputs, [TensorType((2, 2), I32)]).tolist() == [[1, 1]] * 2


@pytest.mark.parametrize("bounds", [([0], [9], [1]), ([2], [1], [1]), ([0], [2], [0])])
def test_a_slice_that_is_none_is_no_input(bounds):
    t = TensorType((4,), I32)
    b = Builder([t, *[TensorType((1,), I64)] * 3])
    out = b.emit("real_dynamic_slice", range(4), types=[TensorType((2,), I32)])
    inputs = [np.zeros(4, np.int32), *map(np.array, bounds)]
    with pytest.raises(InputError, match=r"real_dynamic_slice: .* is no slice of a dimension of 4"):
        evaluate(module(b.graph([out])), inputs)


def test_another_shape_is_no_input():
    b = Builder([TensorType((6,), F32), TensorType((2,), I64)])
    out = b.emit("dynamic_reshape", [0, 1], types=[TensorType((2, 3), F32)])
    with pytest.raises(InputError, match=r"operands ask for shape \[3, 2\], not tensor<2x3xf32>"):
        evaluate(module(b.graph([out])), [np.zeros(6, np.float32), np.array([3, 2])])


def test_dynamic_gather_takes_slices_of_the_sizes_it_is_told():
    x, sizes = np.arange(12).reshape(4, 3), [1, 2]
    out = applied(
        "dynamic_gather",
        [(x, I32), ([[1], [9]], I32), (sizes, I32)],
        [TensorType((2, 2), I32)],
        offset_dims=(1,),
        collapsed_slice_dims=(0,),
        start_index_map=(0,),
        index_vector_dim=1,
        indices_are_sorted=False,
    )
    assert out.tolist() == [[3, 4], [9, 10]]


@pytest.mark.parametrize("padding", [((1, 0), (2, 1)), ((0, 0), (0, 0)), ((-1, 1), (3, -2))])
def test_dynamic_conv_and_convolution_agree(padding):
    numbers = {
        "window_strides": (1, 2),
        "lhs_dilation": (2, 1),
        "rhs_dilation": (1, 2),
        "input_batch_dimension": 0,
        "input_feature_dimension": 3,
        "input_spatial_dimensions": (1, 2),
        "kernel_input_feature_dimension": 2,
        "kernel_output_feature_dimension": 3,
        "kernel_spatial_dimensions": (0, 1),
        "output_batch_dimension": 0,
        "output_feature_dimension": 3,
        "output_spatial_dimensions": (1, 2),
        "feature_group_count": 1,
        "batch_group_count": 1,
    }
    lhs = np.arange(2 * 4 * 6 * 2, dtype=np.float32).reshape(2, 4, 6, 2) % 7
    rhs = np.arange(2 * 2 * 2 * 3, dtype=np.float32).reshape(2, 2, 2, 3) % 5
    b = Builder([TensorType(lhs.shape, F32), TensorType(rhs.shape, F32)])
    static = module(b.graph([b.emit("convolution", [0, 1], padding=padding, **numbers)]))
    (wanted,) = evaluate(static, [lhs, rhs])
    inputs = [(lhs, F32), (rhs, F32), (np.array(padding), I64)]
    out = applied("dynamic_conv", inputs, [TensorType(wanted.shape, F32)], **numbers)
    assert out.tolist() == wanted.tolist()


def test_parts_of_a_float():
    x = [-0.0, 1.5, np.inf, np.nan]
    assert same_bits(applied("real", [(x, F32)]), np.array(x, np.float32))
    assert same_bits(applied("imag", [(x, F32)]), np.zeros(4, np.float32))
