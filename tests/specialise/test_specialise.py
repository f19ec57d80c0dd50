"""Programs with unknown dimensions: exports of JAX, the suite's, and what is refused how."""

import os
from pathlib import Path

import numpy as np
import pytest

from compiler.errors import InputError, UnsupportedError, VerifyError
from compiler.executable import Executable
from compiler.ir import TensorType
from compiler.specialise import specialise
from compiler.text import parse, print_module
from verify.ref import evaluate

HERE = Path(__file__).parent
SUITES = Path(os.environ.get("ASSAY_SUITES", HERE.parents[2] / "shared" / "suites"))
DYNAMIC = SUITES / "stablehlo" / "refuse"


def static(text, shapes, values=None):
    return specialise(parse(text, dynamic=True), shapes, values)


def run(program, *inputs):
    """What the compiled program gives; the reference must agree."""
    found = Executable(program)(*inputs)
    for a, b in zip(found, evaluate(program, inputs), strict=True):
        np.testing.assert_allclose(a.astype(float), b.astype(float), 1e-5)
    return found


def exported(name, *inputs):
    """An export of JAX 0.10.2 with symbolic dimensions, specialised to the inputs' shapes."""
    text = (HERE / f"{name}.mlir").read_text()
    program = static(text, {k: x.shape for k, x in enumerate(inputs)})
    assert parse(print_module(program)) == program
    return run(program, *inputs)


def normal(*shape):
    return np.random.default_rng(7).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(("b", "s"), [(1, 1), (2, 5), (3, 8)])
def test_causal_attention(b, s):
    q, k, v = (normal(b, s, 4) + n for n in range(3))
    scores = np.einsum("bqd,bkd->bqk", q, k) / 2
    scores = np.exp(np.where(np.tril(np.ones((s, s), bool)), scores, -np.inf))
    wanted = np.einsum("bqk,bkd->bqd", scores / scores.sum(-1, keepdims=True), v)
    np.testing.assert_allclose(exported("attention", q, k, v)[0], wanted, 1e-4, 1e-5)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (4, 3)])
def test_scan_is_a_loop_with_calls_and_dynamic_slices(n, m):
    x = normal(n, m)
    state, sums = np.zeros(m, np.float32), []
    for row in x:
        sums.append(state.sum())
        state = state * np.float32(0.5) + row
    got = exported("scan", x)
    np.testing.assert_allclose(got[0], state, 1e-5)
    np.testing.assert_allclose(got[1], sums, 1e-5)


@pytest.mark.parametrize("h", [1, 4, 5])
def test_pooling_is_a_custom_call(h):
    x = normal(2, h, 6)
    padded = np.pad(x, ((0, 0), (0, h % 2), (0, 0)), constant_values=-np.inf)
    wanted = padded.reshape(2, -1, 2, 3, 2).max((2, 4))
    np.testing.assert_array_equal(exported("pool", x)[0], wanted)


def test_top_k_whose_k_is_a_dimension():
    x = normal(3, 9)
    values, places = exported("top_half", x)
    np.testing.assert_array_equal(values, -np.sort(-x, -1)[:, :4])
    np.testing.assert_array_equal(places, np.argsort(-x, -1)[:, :4])


def test_an_assertion_of_the_program_that_does_not_hold():
    shapes = {0: (2, 6, 4), 1: (2, 6, 4), 2: (2, 5, 4)}
    with pytest.raises(InputError, match=r"asserts: .* args\[2\].shape\[1\] \(= 5\) .* \(= 6\)"):
        static((HERE / "attention.mlir").read_text(), shapes)


def suite():
    files = sorted(DYNAMIC.glob("*_dynamic.mlir"))
    return [f for f in files if "complex" not in f.read_text()]


@pytest.mark.skipif(not DYNAMIC.exists(), reason="the shared suites are not here")
@pytest.mark.parametrize("file", suite(), ids=lambda f: f.stem[:60])
@pytest.mark.parametrize("size", [1, 3])
def test_the_suite(file, size):
    """Their first parameter is the size of the unknown dimension."""
    module = parse(file.read_text(), dynamic=True)
    params = module.main.graph.params
    shapes = {k: tuple(size if n < 0 else n for n in t.shape) for k, t in enumerate(params)}
    program = specialise(module, shapes, {0: size})
    rng = np.random.default_rng(0)
    inputs = [rng.integers(0, 4, t.shape).astype(t.dtype.numpy) for t in program.main.graph.params]
    run(program, np.int64(size), *inputs[1:])


ROLL = DYNAMIC / "roll_dynamic.mlir"


@pytest.mark.skipif(not DYNAMIC.exists(), reason="the shared suites are not here")
@pytest.mark.parametrize("size", [1, 2, 5])
def test_roll_is_numpy_s(size):
    """Shapes through calls, remainders and selects of integers."""
    program = static(ROLL.read_text(), {1: (size, 4)}, {0: size})
    x = normal(size, 4)
    np.testing.assert_array_equal(run(program, np.int64(size), x)[0], np.roll(x, 2))


# --- small programs -------------------------------------------------------------------------------

TAIL = """
func.func @main(%x: tensor<?xf32>, %i: tensor<i32>) -> tensor<?xf32> {
  %one = stablehlo.constant dense<1> : tensor<1xi32>
  %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?xf32>) -> tensor<i32>
  %end = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
  %start = stablehlo.reshape %i : (tensor<i32>) -> tensor<1xi32>
  %0 = stablehlo.real_dynamic_slice %x, %start, %end, %one
    : (tensor<?xf32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
"""


def test_a_value_decides_a_shape():
    program = static(TAIL, {0: (5,)}, {1: 2})
    assert program.main.graph.result_types == (
        TensorType((3,), program.main.graph.params[0].dtype),
    )
    x = normal(5)
    np.testing.assert_array_equal(run(program, x, np.int32(2))[0], x[2:])


def test_a_shape_that_depends_on_inputs_is_refused_by_name_and_place():
    with pytest.raises(UnsupportedError) as e:
        static(TAIL, {0: (5,)})
    assert str(e.value) == (
        "<string>:7:8: unsupported: real_dynamic_slice whose bounds depends on inputs "
        "(--value arg1=N fixes an integer parameter)"
    )


SAME = """
func.func @main(%x: tensor<4x?xf32>) -> tensor<4x?xf32> {
  return %x : tensor<4x?xf32>
}
"""


def test_a_missing_shape_says_how_to_give_it():
    with pytest.raises(UnsupportedError) as e:
        static(
            SAME,
            {},
        )
    assert str(e.value) == (
        "unsupported type tensor<4x?xf32> of arg0: dynamic shape (fix it with --shape arg0=4xN)"
    )


@pytest.mark.parametrize("shape", [(5,), (3, 4), (4, 4, 1)])
def test_a_shape_that_does_not_fit(shape):
    with pytest.raises(InputError, match=r"arg0 has type tensor<4x\?xf32>, which [x0-9]+ does not"):
        static(
            SAME,
            {0: shape},
        )


@pytest.mark.parametrize("value", [300, 2.5, [1, 2]])
def test_a_value_that_does_not_fit(value):
    text = "func.func @main(%x: tensor<ui8>) -> tensor<ui8> { return %x : tensor<ui8> }"
    with pytest.raises(InputError, match="arg0 has type tensor<ui8>, which the value"):
        static(text, {}, {0: value})


def test_there_is_no_such_parameter():
    with pytest.raises(InputError, match="arg3: the program takes 2 inputs"):
        static(TAIL, {0: (5,), 3: (1,)})


SUM = """
func.func @main(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %0 = stablehlo.add %x, %y : tensor<?xf32>
  return %0 : tensor<?xf32>
}
"""


def test_shapes_that_break_a_constraint():
    with pytest.raises(VerifyError, match=r"<string>:3:8: add: \(C1\)"):
        static(SUM, {0: (3,), 1: (4,)})
    assert run(static(SUM, {0: (3,), 1: (3,)}), normal(3), normal(3))[0].shape == (3,)


def test_a_dimension_of_size_zero():
    assert run(static(SUM, {0: (0,), 1: (0,)}), normal(0), normal(0))[0].shape == (0,)


def test_dimensions_stay_unknown_for_all_other_readers():
    with pytest.raises(UnsupportedError, match="dynamic shape"):
        parse(SUM)
    with pytest.raises(UnsupportedError, match="unranked"):
        parse(SUM.replace("?", "*"), dynamic=True)


TWICE = """
func.func @main(%x: tensor<?xf32>, %y: tensor<?xf32>, %z: tensor<?xf32>)
    -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %a = call @total(%x) : (tensor<?xf32>) -> tensor<f32>
  %b = call @total(%y) : (tensor<?xf32>) -> tensor<f32>
  %c = call @total(%z) : (tensor<?xf32>) -> tensor<f32>
  return %a, %b, %c : tensor<f32>, tensor<f32>, tensor<f32>
}
func.func private @total(%x: tensor<?xf32>) -> tensor<f32> {
  %0 = stablehlo.constant dense<0.0> : tensor<f32>
  %1 = stablehlo.reduce(%x init: %0) applies stablehlo.add across dimensions = [0]
    : (tensor<?xf32>, tensor<f32>) -> tensor<f32>
  return %1 : tensor<f32>
}
"""


def test_a_function_is_specialised_once_for_each_type():
    program = static(TWICE, {0: (2,), 1: (3,), 2: (2,)})
    assert [f.name for f in program.functions] == ["main", "total", "total_1"]
    out = run(program, np.ones(2, np.float32), np.ones(3, np.float32), np.ones(2, np.float32))
    assert [float(x) for x in out] == [2, 3, 2]


BRANCHES = """
func.func @main(%x: tensor<?x2xf32>, %p: tensor<i1>) -> tensor<?xf32> {
  %0 = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x2xf32>) -> tensor<i32>
  %1 = "stablehlo.if"(%p) ({
    %2 = stablehlo.constant dense<2> : tensor<i32>
    %3 = stablehlo.multiply %0, %2 : tensor<i32>
    %4 = stablehlo.reshape %3 : (tensor<i32>) -> tensor<1xi32>
    %5 = stablehlo.dynamic_reshape %x, %4 : (tensor<?x2xf32>, tensor<1xi32>) -> tensor<?xf32>
    stablehlo.return %5 : tensor<?xf32>
  }, {
    %2 = stablehlo.add %0, %0 : tensor<i32>
    %3 = stablehlo.reshape %2 : (tensor<i32>) -> tensor<1xi32>
    %4 = stablehlo.dynamic_iota %3, dim = 0 : (tensor<1xi32>) -> tensor<?xf32>
    stablehlo.return %4 : tensor<?xf32>
  }) : (tensor<i1>) -> tensor<?xf32>
  return %1 : tensor<?xf32>
}
"""


@pytest.mark.parametrize("pred", [True, False])
def test_captured_sizes_are_known_in_regions(pred):
    program, x = static(BRANCHES, {0: (3, 2)}), normal(3, 2)
    wanted = x.ravel() if pred else np.arange(6)
    np.testing.assert_array_equal(run(program, x, np.bool_(pred))[0], wanted)
