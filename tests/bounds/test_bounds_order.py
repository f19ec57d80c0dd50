"""scatter and sort: every legal order is enclosed, what is certain is exact, the rest is open."""

import numpy as np
import pytest

from compiler.build import Builder
from compiler.contract import EXACT
from compiler.dtypes import F16, F32, F64, I1, I32, UI8, from_numpy
from compiler.ir import TensorType, module
from verify.bounds import enclose
from verify.oracle import judge
from verify.ref import evaluate


def body(dtypes, *ops):
    """Scalar code of (op, operands, attributes); the last value is the result."""
    b = Builder([TensorType((), d) for d in dtypes])
    last = len(dtypes) - 1
    for op, args, *attrs in ops:
        last = b.emit(op, args, **(attrs[0] if attrs else {}))
    return b.graph([last])


def compare(direction, kind=""):
    return {"comparison_direction": direction, "compare_type": kind}


def scatter(body, x, indices, updates, **told):
    """A scatter of single elements into a vector."""
    types = [TensorType(a.shape, from_numpy(a.dtype)) for a in (x, indices, updates)]
    b = Builder(types)
    attrs = {
        "inserted_window_dims": (0,),
        "scatter_dims_to_operand_dims": (0,),
        "index_vector_dim": 1,
    }
    out = b.emit("scatter", [0, 1, 2], regions=[body], **attrs, **told)
    return module(b.graph([out]))


def bodies(dtype):
    pair = (dtype, dtype)
    return {
        "add": body(pair, ("add", [0, 1])),
        "multiply": body(pair, ("multiply", [0, 1])),
        "maximum": body(pair, ("maximum", [1, 0])),
        "set": body(pair),
        "subtract": body(pair, ("subtract", [0, 1])),
        "mean": body(pair, ("add", [0, 1]), ("multiply", [2, 2])),
    }


@pytest.mark.parametrize("dtype", [F16, F32, F64, I32], ids=str)
@pytest.mark.parametrize("name", list(bodies(F32)))
def test_updates_come_in_any_order(name, dtype):
    fn = bodies(dtype)[name]
    rng = np.random.default_rng(1)
    places = np.array([[0], [2], [2], [9], [1], [2], [-1], [1], [4], [4], [4], [4]], np.int32)
    x, updates = rng.uniform(-3, 3, 6), rng.uniform(-3, 3, len(places))
    x, updates = x.astype(dtype.numpy), updates.astype(dtype.numpy)
    program = scatter(fn, x, places, updates)
    bounds = enclose(program, [x, places, updates])
    if name != "mean":  # four updates by a body that is no single op are too many
        assert bounds[0].undecided <= (1 / 6 if name == "subtract" else 0 if dtype.is_float else 1)
    for _ in range(40):
        order = rng.permutation(len(places))
        got = evaluate(program, [x, places[order], updates[order]])
        assert judge(got, bounds, EXACT).kind != "violation"
    wrong = (np.asarray(got[0] + dtype.numpy.type(8)),)
    assert judge(wrong, bounds, EXACT).kind == "violation"


def test_what_is_certain_is_exact():
    x, u = np.array([0.1, 0.2, 0.3], np.float32), np.array([5, 5, 7], np.float32)
    places = np.array([[1], [1], [0]], np.int32)
    (bound,) = enclose(scatter(bodies(F32)["set"], x, places, u), [x, places, u])
    assert bound.error is None
    assert bound.value.tolist() == [7, 5, np.float32(0.3)]


@pytest.mark.parametrize(
    ("told", "open_"),
    [("unique_indices", [False, True, False]), ("indices_are_sorted", [True] * 3)],
)
def test_a_promise_that_is_not_kept_leaves_it_open(told, open_):
    x, u = np.zeros(3, np.float32), np.array([5, 6, 7], np.float32)
    places = np.array([[1], [1], [0]], np.int32)
    program = scatter(bodies(F32)["add"], x, places, u, **{told: True})
    (bound,) = enclose(program, [x, places, u])
    assert np.isinf(bound.error).tolist() == open_


def test_an_undecided_index_leaves_all_open():
    b = Builder([TensorType((3,), F32), TensorType((1, 1), F32), TensorType((1,), F32)])
    near = b.emit("exponential", [1])
    index = b.emit("convert", [near], types=[TensorType((1, 1), I32)])
    attrs = {"inserted_window_dims": (0,), "scatter_dims_to_operand_dims": (0,)}
    out = b.emit(
        "scatter", [0, index, 2], regions=[bodies(F32)["add"]], index_vector_dim=1, **attrs
    )
    program = module(b.graph([out]))
    inputs = [np.zeros(3, np.float32), np.zeros((1, 1), np.float32), np.ones(1, np.float32)]
    assert enclose(program, inputs)[0].undecided == 1  # exp(0) may be a little less than 1


def test_the_selected_element_is_open_where_nan_stands():
    b = Builder([TensorType((6,), F32), TensorType((2,), F32), TensorType((), F32)])
    pair = (F32, F32)
    regions = [body(pair, ("compare", [0, 1], compare("GE"))), bodies(F32)["add"]]
    out = b.emit(
        "select_and_scatter",
        [0, 1, 2],
        window_dimensions=(3,),
        window_strides=(3,),
        padding=((0, 0),),
        regions=regions,
    )
    program = module(b.graph([out]))
    x, s = np.array([1, np.nan, 0, 3, 4, 4], np.float32), np.array([5, 6], np.float32)
    (bound,) = enclose(program, [x, s, np.float32(0)])
    assert np.isinf(bound.error).tolist() == [True, True, True, False, False, False]
    assert bound.value[3:].tolist() == [0, 6, 0]


def sort(less, arrays, stable=True, before=""):
    b = Builder([TensorType(x.shape, from_numpy(x.dtype)) for x in arrays])
    operands = list(range(len(arrays)))
    if before:
        operands[0] = b.emit(before, [0])
    first = b.emit("sort", operands, dimension=-1, is_stable=stable, regions=[less])
    return module(b.graph([first + k for k in range(len(arrays))]))


def test_equal_elements_of_an_unstable_sort_may_change_places():
    keys = np.array([2, 1, 2, 1], np.float32)
    numbers = np.arange(4, dtype=np.int32)
    less = body((F32, F32, I32, I32), ("compare", [0, 1], compare("LT")))
    bounds = enclose(sort(less, [keys, numbers], stable=False), [keys, numbers])
    assert bounds[0].error is None
    swapped = (np.sort(keys), np.array([3, 1, 0, 2], np.int32))
    assert judge(swapped, bounds, EXACT).kind != "violation"
    bounds = enclose(sort(less, [keys, numbers]), [keys, numbers])
    assert judge(swapped, bounds, EXACT).kind == "violation"


@pytest.mark.parametrize("direction", ["LT", "GT"])
def test_zeros_are_equal_as_numbers_and_not_in_the_total_order(direction):
    x = np.array([0.0, -0.0, 0.0, 1.0], np.float32)
    for kind, verdict in (("", "allowed"), ("TOTALORDER", "violation")):
        program = sort(body((F32, F32), ("compare", [0, 1], compare(direction, kind))), [x], False)
        (got,) = evaluate(program, [x])
        flipped = np.where(got == 0, -got, got)
        assert judge((flipped,), enclose(program, [x]), EXACT).kind == verdict


@pytest.mark.parametrize("kind", ["", "TOTALORDER"])
def test_nan_leaves_its_line_open(kind):
    x = np.array([[3, np.nan, 1], [3, 2, 1]], np.float32)
    program = sort(body((F32, F32), ("compare", [0, 1], compare("LT", kind))), [x])
    (bound,) = enclose(program, [x])
    assert np.isinf(bound.error).tolist() == [[True] * 3, [False] * 3]
    assert bound.value[1].tolist() == [1, 2, 3]


@pytest.mark.parametrize("direction", ["LE", "NE"])
def test_no_strict_weak_order(direction):
    """Of equal elements each stands before the other: nothing is certain then."""
    less = body((I32, I32), ("compare", [0, 1], compare(direction)))
    twice, once = np.array([3, 1, 1], np.int32), np.array([3, 1, 2], np.int32)
    assert enclose(sort(less, [twice]), [twice])[0].undecided == 1
    (bound,) = enclose(sort(less, [once]), [once])
    assert bound.undecided == 1  # nothing may stand before itself


def in_turn(dtypes):
    return body(
        [d for d in dtypes for _ in range(2)],
        ("compare", [0, 1], compare("LT")),
        ("compare", [0, 1], compare("EQ")),
        ("compare", [2, 3], compare("GT")),
        ("and", [5, 6]),
        ("or", [4, 7]),
    )


def test_a_comparator_of_two_operands():
    keys = np.array([2, 1, 2, 1, 2], np.uint8)
    second = np.array([1, 5, 3, 5, 2], np.float32)
    for stable in (True, False):
        program = sort(in_turn((UI8, F32)), [keys, second], stable)
        bounds = enclose(program, [keys, second])
        assert all(bound.error is None for bound in bounds)
        assert bounds[1].value.tolist() == [5, 5, 3, 2, 1]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("plain", [True, False])
def test_keys_that_are_known_roughly(plain, seed):
    """Keys of exp with an error: any values within it, sorted, are enclosed, and what goes with
    them.
    """
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (3, 12)).astype(np.float32)
    x[:, 1:5:2] = np.nextafter(x[:, :4:2], np.float32(2))  # two pairs a line
    numbers = rng.integers(0, 2, x.shape).astype(bool)
    extra = rng.permutation(36).reshape(3, 12).astype(np.int32)
    dtypes = (F32, I1, I32)
    less = (
        body([d for d in dtypes for _ in range(2)], ("compare", [0, 1], compare("GT")))
        if plain
        else body(
            [d for d in dtypes for _ in range(2)],
            ("negate", [0]),
            ("negate", [1]),
            ("compare", [6, 7], compare("LT")),
        )
    )
    arrays = [x, numbers, extra]
    bounds = enclose(sort(less, arrays, before="exponential"), arrays)
    b = Builder([TensorType(x.shape, F32)])
    (key,) = enclose(module(b.graph([b.emit("exponential", [0])])), [x])
    assert bounds[2].undecided == 4 / 12
    for _ in range(20):
        drawn = (key.value + key.error * rng.uniform(-1, 1, x.shape)).astype(np.float32)
        back = np.nextafter(drawn, key.value.astype(np.float32))
        drawn = np.where(np.abs(drawn - key.value) > key.error, back, drawn)
        got = evaluate(sort(less, arrays), [drawn, numbers, extra])
        assert judge(got, bounds, EXACT).kind != "violation"
    other = (got[0], got[1], np.ascontiguousarray(got[2][:, ::-1]))
    assert judge(other, bounds, EXACT).kind == "violation"
