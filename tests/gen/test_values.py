from __future__ import annotations

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import ALL, BF16, F16, F32, F64, I1, I2, I32, NARROW, UI8
from compiler.ir import Function, Graph, Module, TensorType
from verify.gen import SETS, RandomChooser, TapeChooser, choose_sets, draw_inputs
from verify.gen.pool import SIZE, array_bytes, limits, splats, table
from verify.gen.related import FAR


def takes(*types):
    return Module((Function("main", Graph(types, (), tuple(range(len(types))))),))


def unary(op):
    b = Builder([TensorType((4,), F32)])
    return Module((Function("main", b.graph([b.emit(op, [0])])),))


@pytest.mark.parametrize("mode", SETS)
def test_inputs_fit_the_parameters_and_repeat(mode):
    module = takes(*(TensorType(s, d) for d in ALL for s in ((), (3,), (0, 2), (2, 5))))
    inputs = draw_inputs(RandomChooser(1), module, mode)
    for x, t in zip(inputs, module.main.graph.params, strict=True):
        assert x.shape == t.shape
        assert x.dtype == t.dtype.numpy
    again = draw_inputs(RandomChooser(1), module, mode)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(inputs, again, strict=True))


def test_the_simplest_input_is_a_ramp():
    (x,) = draw_inputs(TapeChooser([]), takes(TensorType((5,), F32)))
    assert x.tolist() == [0, 1, 2, 3, 4]


def test_arrays_larger_than_the_table_wrap_around():
    t = TensorType((SIZE + 10,), UI8)
    x = np.frombuffer(array_bytes(t, SIZE - 1), np.uint8)
    assert x.size == t.size
    assert x[0] == table(UI8, "normal")[-1]
    assert x[1:5].tolist() == table(UI8, "normal")[:4].tolist()


@pytest.mark.parametrize("dtype", [d for d in ALL if d.is_float], ids=str)
def test_modes_hold_what_they_say(dtype):
    normal, exact = table(dtype, "normal"), table(dtype, "exact")
    special, wide = table(dtype, "special"), table(dtype, "wide")
    assert np.isfinite(normal.astype(np.float64)).all()
    assert np.abs(normal.astype(np.float64)).max() <= 1000
    assert np.all(exact == np.rint(exact.astype(np.float64)))
    assert np.abs(exact.astype(np.float64)).max() == 4
    zeros = exact[exact == 0].astype(np.float64)
    assert 0.4 < np.signbit(zeros).mean() < 0.6
    as_double = special.astype(np.float64)
    assert 0.05 < np.isnan(as_double).mean() < 0.08
    assert np.isinf(as_double).any()
    assert (np.signbit(as_double) & (as_double == 0)).any()
    assert np.isfinite(wide.astype(np.float64)).all()
    assert np.abs(wide.astype(np.float64)).max() > 100 * np.abs(normal.astype(np.float64)).max()


@pytest.mark.parametrize(("wide", "narrow"), [(F16, BF16), (F32, BF16), (F32, F16), (F64, F32)])
def test_ties_between_formats_and_their_neighbours_occur(wide, narrow):
    """Values that lie at or just beside the middle of two neighbours of a narrower format."""
    values = table(wide, "normal").astype(np.float64)
    fraction, _ = np.frexp(values[np.isfinite(values)])
    scaled = np.abs(fraction) * 2.0**narrow.precision
    distance = np.abs(scaled - np.floor(scaled) - 0.5)
    crumb = 2.0 ** (narrow.precision + 1 - wide.precision)
    assert np.mean(distance == 0) > 0.01
    assert np.mean((distance > 0) & (distance <= crumb)) > 0.02


def test_splat_constants_hold_identities_of_each_dtype():
    for d in ALL:
        values = {np.frombuffer(b, d.numpy)[0] for b in splats(d)}
        assert {0, 1} <= values
    floats = [float(np.frombuffer(b, BF16.numpy)[0]) for b in splats(BF16)]
    assert any(np.isnan(floats))
    assert any(v == 0 and np.signbit(v) for v in floats)
    assert splats(I1) == (b"\0", b"\1")


def test_exact_inputs_stay_small_where_a_program_multiplies():
    t = TensorType((64,), F32)
    b = Builder([t])
    twice = b.emit("multiply", [b.emit("multiply", [0, 0]), 0])
    module = Module((Function("main", b.graph([twice])),))
    (x,) = draw_inputs(RandomChooser(3), module, "exact")
    assert set(x.tolist()) <= {-1.0, 0.0, 1.0}


@pytest.mark.parametrize("dtype", [d for d in (*ALL, *NARROW) if d.is_float], ids=str)
def test_neighbours_cancel_to_a_few_bits(dtype):
    """Sums of neighbours, and differences of windows that begin near each other."""
    x = table(dtype, "cancel").astype(np.float64)
    few = np.abs(x) * 2.0 ** (4 - dtype.precision)
    for step in (1, 2):
        left = np.minimum(np.abs(x[step:] - x[:-step]), np.abs(x[step:] + x[:-step]))
        assert np.mean(left <= few[step:]) > 0.5
    assert np.isfinite(x).all()
    assert abs(x.sum()) < np.abs(x).sum() / 2


def test_integers_that_cancel_also_wrap():
    x = table(UI8, "cancel").astype(int)
    assert np.mean((x[1:] + x[:-1] + 6) % 256 <= 12) > 0.5


@pytest.mark.parametrize("dtype", [d for d in (*ALL, *NARROW) if d is not I1], ids=str)
def test_far_values_lie_on_one_side(dtype):
    negative, positive, above, below, offset = (table(dtype, n).astype(np.float64) for n in FAR)
    half = limits(dtype)[1] / 2
    assert (negative < 0).all() if dtype.kind != "uint" else (negative > half).all()
    assert (positive > 0).all()
    assert (above > 1).all() or dtype is I2
    if dtype.is_float:
        assert 0.4 < below.min() <= below.max() < 1
    else:
        assert (below < -1).all() if dtype.kind == "int" else (below > half).all()
    if dtype.bits >= 16:
        assert offset.std() <= 3 < offset.mean()


def test_far_arrays_of_a_program_lie_on_the_same_side():
    module = takes(*(TensorType((20,), d) for d in (F32, I32, I1)))
    for seed in range(20):
        x, k, flag = draw_inputs(RandomChooser(seed), module, "far")
        assert (x < 0).all() == (k < 0).all() or (x < 1).all()
        assert flag.all() == (x >= 1).all() or (x > 0).all()
        assert len(set(flag.tolist())) == 1


def test_the_sets_of_a_program_differ_and_all_are_chosen():
    chooser, module = RandomChooser(0), unary("log")
    chosen = [choose_sets(chooser, module, 3) for _ in range(200)]
    assert all(len(set(names)) == 3 for names in chosen)
    assert {names[0] for names in chosen} == set(SETS)
    assert set(choose_sets(chooser, module, 100)) == set(SETS)
    assert len(choose_sets(TapeChooser([]), module, 3)) == 3


def test_ranges_are_solved_only_for_programs_that_need_them():
    assert "domain" not in choose_sets(RandomChooser(0), unary("sine"), 100)


def test_an_unknown_set_is_refused():
    with pytest.raises(ValueError, match="unknown set of inputs 'odd'"):
        draw_inputs(RandomChooser(0), takes(TensorType((), F32)), "odd")
