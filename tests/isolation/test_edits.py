"""The reducer's edits give well-formed programs that mean what they should."""

import numpy as np
import pytest

from compiler.check import verify_module
from compiler.dtypes import BF16, F32, F64, I32
from compiler.ir import TensorType
from compiler.text import parse
from verify.arrays import same_bits
from verify.gen import RandomChooser, draw_inputs, generate
from verify.isolation import edits
from verify.isolation.minimise import minimise
from verify.isolation.retype import fit, retype
from verify.isolation.slices import alone, count_ops, every_value, trim
from verify.ref import evaluate

SOFTMAX = """
func.func @main(%x: tensor<3x4xf32>, %unused: tensor<2xi32>) -> (tensor<3x4xf32>, tensor<3xf32>) {
  %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %dead = stablehlo.negate %x : tensor<3x4xf32>
  %m = stablehlo.reduce(%x init: %low) applies stablehlo.maximum across dimensions = [1]
    : (tensor<3x4xf32>, tensor<f32>) -> tensor<3xf32>
  %b = stablehlo.broadcast_in_dim %m, dims = [0] : (tensor<3xf32>) -> tensor<3x4xf32>
  %d = stablehlo.subtract %x, %b : tensor<3x4xf32>
  %e = stablehlo.exponential %d : tensor<3x4xf32>
  %s = stablehlo.reduce(%e init: %zero) applies stablehlo.add across dimensions = [1]
    : (tensor<3x4xf32>, tensor<f32>) -> tensor<3xf32>
  %t = stablehlo.broadcast_in_dim %s, dims = [0] : (tensor<3xf32>) -> tensor<3x4xf32>
  %q = stablehlo.divide %e, %t : tensor<3x4xf32>
  return %q, %s : tensor<3x4xf32>, tensor<3xf32>
}
"""

CALLS = """
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = func.call @twice(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = stablehlo.composite "my.op" %0 {decomposition = @twice} : (tensor<3xf32>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}
func.func private @twice(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.add %x, %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
"""


@pytest.fixture
def softmax():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(3, 4)).astype(np.float32)
    return parse(SOFTMAX), [x, np.zeros(2, np.int32)]


def test_trim_drops_dead_ops_and_unused_inputs(softmax):
    module, inputs = softmax
    small, kept = trim(module, inputs)
    verify_module(small)
    assert count_ops(small) == count_ops(module) - 1
    assert len(kept) == 1
    for a, b in zip(evaluate(module, inputs), evaluate(small, kept), strict=True):
        np.testing.assert_array_equal(a, b)


def test_keep_nodes_cuts_the_rest_to_reference_values(softmax):
    module, inputs = softmax
    values = every_value(module, inputs)
    ops = [n.op for n in module.main.graph.nodes]
    small, kept = edits.keep_nodes(module, inputs, values, [ops.index("divide")])
    verify_module(small)
    assert [n.op for n in small.main.graph.nodes] == ["divide"]
    np.testing.assert_array_equal(evaluate(small, kept)[0], evaluate(module, inputs)[0])


def test_keep_nodes_without_a_result_returns_what_is_left(softmax):
    module, inputs = softmax
    values = every_value(module, inputs)
    ops = [n.op for n in module.main.graph.nodes]
    small, kept = edits.keep_nodes(module, inputs, values, [ops.index("exponential")])
    verify_module(small)
    assert [n.op for n in small.main.graph.nodes] == ["exponential"]
    assert evaluate(small, kept)[0].shape == (3, 4)


def test_alone_gives_the_same_value(softmax):
    module, inputs = softmax
    values = every_value(module, inputs)
    graph = module.main.graph
    for i in range(len(graph.nodes)):
        single, operands = alone(module, i, values)
        verify_module(single)
        np.testing.assert_array_equal(evaluate(single, operands)[0], values[graph.first[i]])


def test_bypasses_replace_an_op_by_an_operand(softmax):
    module, inputs = softmax
    found = list(edits.bypasses(module, inputs))
    assert found
    for small, kept in found:
        verify_module(small)
        assert count_ops(small) < count_ops(module)
        evaluate(small, kept)


def test_calls_and_composites_are_inlined():
    module = parse(CALLS)
    flat = edits.inlined(module)
    verify_module(flat)
    assert len(flat.functions) == 1
    assert [n.op for n in flat.main.graph.nodes] == ["add", "add"]
    x = np.arange(3, dtype=np.float32)
    np.testing.assert_array_equal(evaluate(flat, [x])[0], 4 * x)


def test_single_results(softmax):
    module, inputs = softmax
    found = list(edits.single_results(module, inputs))
    assert [len(m.main.graph.results) for m, _ in found] == [1, 1]
    np.testing.assert_array_equal(evaluate(*found[1])[0], evaluate(module, inputs)[1])


def test_retype_sizes_follow_through_shapes(softmax):
    module, inputs = trim(*softmax)
    small, kept = retype(module, inputs, sizes={4: 2, 3: 1})
    assert small.main.graph.result_types == (TensorType((1, 2), F32), TensorType((1,), F32))
    np.testing.assert_array_equal(kept[0], inputs[0][:1, :2])
    np.testing.assert_allclose(evaluate(small, kept)[0].sum(), 1, rtol=1e-6)


def test_retype_dtypes_reach_regions_and_constants(softmax):
    module, inputs = trim(*softmax)
    wide, kept = retype(module, inputs, dtypes={F32: F64})
    assert {t.dtype for t in wide.main.graph.types} == {F64}
    assert kept[0].dtype == np.float64
    narrow, _ = retype(module, inputs, dtypes={F32: BF16})
    assert {t.dtype for t in narrow.main.graph.types} == {BF16}


RESHAPE = """
func.func @main(%x: tensor<4x6xf32>) -> tensor<2x2x6xf32> {
  %0 = stablehlo.reshape %x : (tensor<4x6xf32>) -> tensor<24xf32>
  %1 = stablehlo.slice %0 [0:24:1] : (tensor<24xf32>) -> tensor<24xf32>
  %2 = stablehlo.reshape %1 : (tensor<24xf32>) -> tensor<2x2x6xf32>
  return %2 : tensor<2x2x6xf32>
}
"""


def test_retype_merges_reshaped_dimensions():
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    small, kept = retype(parse(RESHAPE), [x], sizes={6: 5})
    assert small.main.graph.types[1].shape == (20,)
    assert small.main.graph.result_types[0].shape == (2, 2, 5)
    assert evaluate(small, kept)[0].size == 20


TAKE = """
func.func @main(%x: tensor<6x4xf32>, %i: tensor<5x1xi32>, %p: tensor<i32>) -> tensor<2x4xf32> {
  %0 = "stablehlo.gather"(%x, %i) {dimension_numbers = #stablehlo.gather<offset_dims = [1],
    collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>,
    slice_sizes = array<i64: 1, 4>} : (tensor<6x4xf32>, tensor<5x1xi32>) -> tensor<5x4xf32>
  %1 = stablehlo.constant dense<0> : tensor<i32>
  %2 = stablehlo.dynamic_slice %0, %p, %1, sizes = [2, 4]
    : (tensor<5x4xf32>, tensor<i32>, tensor<i32>) -> tensor<2x4xf32>
  return %2 : tensor<2x4xf32>
}
"""


def test_retype_sizes_reach_slices_at_computed_places():
    x = np.arange(24, dtype=np.float32).reshape(6, 4)
    inputs = [x, np.array([[4], [2], [0], [1], [3]], np.int32), np.int32(1)]
    small, kept = retype(parse(TAKE), inputs, sizes={6: 3, 5: 4, 4: 2})
    verify_module(small)
    assert [n.attr("slice_sizes") for n in small.main.graph.nodes if n.op != "constant"] == [
        (1, 2),
        (2, 2),
    ]
    assert evaluate(small, kept)[0].tolist() == [[8, 9], [0, 1]]


def test_retype_keeps_shapes_that_operands_say():
    text = """
    func.func @main(%x: tensor<6xf32>) -> tensor<2x3xf32> {
      %0 = stablehlo.constant dense<[2, 3]> : tensor<2xi32>
      %1 = stablehlo.dynamic_reshape %x, %0 : (tensor<6xf32>, tensor<2xi32>) -> tensor<2x3xf32>
      return %1 : tensor<2x3xf32>
    }"""
    x = np.arange(6, dtype=np.float32)
    assert retype(parse(text), [x], sizes={6: 4}) is None
    narrow, kept = retype(parse(text), [x], dtypes={F32: BF16})
    assert evaluate(narrow, kept)[0].astype(float).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_retype_refuses_what_has_no_meaning(softmax):
    module, inputs = trim(*softmax)
    assert retype(module, inputs, sizes={3: 9}) is None  # inputs hold too few elements
    assert retype(module, inputs, dtypes={F32: I32}) is None  # exponential of integers


def test_fit_keeps_leading_elements():
    x = np.arange(6, dtype=np.float64).reshape(2, 3)
    np.testing.assert_array_equal(fit(x, TensorType((1, 2), F32)), [[0, 1]])
    with pytest.raises(ValueError, match="does not hold"):
        fit(x, TensorType((2, 4), F32))


@pytest.mark.parametrize("seed", range(60))
def test_edits_of_generated_programs_are_well_formed(seed):
    chooser = RandomChooser(seed)
    module = generate(chooser)
    inputs = list(draw_inputs(chooser, module, "normal"))
    verify_module(module)
    flat, inputs = trim(edits.inlined(module), inputs)
    verify_module(flat)
    candidates = [
        *edits.single_results(flat, inputs),
        *edits.bypasses(flat, inputs),
        *edits.merged_params(flat, inputs),
        *edits.cut_constants(flat, inputs),
        retype(flat, inputs, sizes={d: 1 for t in flat.main.graph.types for d in t.shape if d > 1}),
    ]
    for candidate in filter(None, candidates):
        small, kept = candidate
        verify_module(small)
        assert [x.shape for x in kept] == [t.shape for t in small.main.graph.params]


def test_inlining_keeps_values_of_generated_programs():
    for seed in range(40):
        chooser = RandomChooser(seed)
        module = generate(chooser)
        inputs = list(draw_inputs(chooser, module, "exact"))
        values = evaluate(module, inputs), evaluate(edits.inlined(module), inputs)
        assert all(map(same_bits, *values))


@pytest.mark.parametrize("needed", [[], [3], [0, 19], [4, 5, 6], [1, 7, 13, 18]])
def test_minimise_finds_the_needed_items(needed):
    tests = 0

    def keeps(items):
        nonlocal tests
        tests += 1
        return set(needed) <= set(items)

    assert minimise(range(20), keeps) == needed
    assert tests <= 60
