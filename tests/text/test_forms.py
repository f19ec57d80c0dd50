"""Each way to spell the ops of the table, pretty and generic."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.ir import Module, Node, Raw
from compiler.text import parse, print_module


def only(body: str, params: str = "", results: str = "") -> Node:
    """The last node of a function with the given body."""
    return program(body, params, results).main.graph.nodes[-1]


def program(body: str, params: str = "", results: str = "") -> Module:
    arrow = f" -> ({results})" if results else ""
    return parse(f"func.func @main({params}){arrow} {{\n{body}\n}}\n")


AB = "%a: tensor<4x8xf32>, %b: tensor<4x8xf32>, %s: tensor<f32>"

# op, its pretty form, its generic form
PAIRS = {
    "binary": (
        "stablehlo.add %a, %b : tensor<4x8xf32>",
        '"stablehlo.add"(%a, %b) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>',
    ),
    "binary with a function type": (
        "stablehlo.add %a, %b : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>",
        "stablehlo.add %a, %b : tensor<4x8xf32>",
    ),
    "unary with the default accuracy": (
        "stablehlo.exponential %a {result_accuracy = "
        "#stablehlo.result_accuracy<mode = #stablehlo.result_accuracy_mode<DEFAULT>>}"
        " : tensor<4x8xf32>",
        '"stablehlo.exponential"(%a) {mhlo.note = "x"} : (tensor<4x8xf32>) -> tensor<4x8xf32>',
    ),
    "compare": (
        "stablehlo.compare LT, %a, %b, TOTALORDER"
        " : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xi1>",
        '"stablehlo.compare"(%a, %b) <{compare_type = #stablehlo<comparison_type TOTALORDER>, '
        "comparison_direction = #stablehlo<comparison_direction LT>}>"
        " : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xi1>",
    ),
    "compare without a type": (
        "stablehlo.compare NE, %a, %b : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xi1>",
        '"stablehlo.compare"(%a, %b) {comparison_direction = '
        "#stablehlo<comparison_direction NE>}"
        " : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xi1>",
    ),
    "clamp": (
        "stablehlo.clamp %s, %a, %b"
        " : (tensor<f32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>",
        '"stablehlo.clamp"(%s, %a, %b)'
        " : (tensor<f32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>",
    ),
    "iota": (
        "stablehlo.iota dim = 1 : tensor<4x8xi32>",
        '"stablehlo.iota"() <{iota_dimension = 1 : i64}> : () -> tensor<4x8xi32>',
    ),
    "constant": (
        "stablehlo.constant dense<[1, 2]> : tensor<2xi8>",
        '"stablehlo.constant"() {value = dense<[1, 2]> : tensor<2xi8>} : () -> tensor<2xi8>',
    ),
    "slice": (
        "stablehlo.slice %a [0:4:2, 1:3] : (tensor<4x8xf32>) -> tensor<2x2xf32>",
        '"stablehlo.slice"(%a) <{limit_indices = array<i64: 4, 3>, '
        "start_indices = array<i64: 0, 1>, strides = array<i64: 2, 1>}>"
        " : (tensor<4x8xf32>) -> tensor<2x2xf32>",
    ),
    "pad": (
        "stablehlo.pad %a, %s, low = [1, -1], high = [0, 0], interior = [0, 2]"
        " : (tensor<4x8xf32>, tensor<f32>) -> tensor<5x21xf32>",
        '"stablehlo.pad"(%a, %s) {edge_padding_low = dense<[1, -1]> : tensor<2xi64>, '
        "edge_padding_high = array<i64: 0, 0>, interior_padding = array<i64: 0, 2>}"
        " : (tensor<4x8xf32>, tensor<f32>) -> tensor<5x21xf32>",
    ),
    "transpose": (
        "stablehlo.transpose %a, dims = [1, 0] : (tensor<4x8xf32>) -> tensor<8x4xf32>",
        '"stablehlo.transpose"(%a) <{permutation = array<i64: 1, 0>}>'
        " : (tensor<4x8xf32>) -> tensor<8x4xf32>",
    ),
    "broadcast of a scalar": (
        "stablehlo.broadcast_in_dim %s, dims = [] : (tensor<f32>) -> tensor<3xf32>",
        '"stablehlo.broadcast_in_dim"(%s) <{broadcast_dimensions = array<i64>}>'
        " : (tensor<f32>) -> tensor<3xf32>",
    ),
    "concatenate": (
        "stablehlo.concatenate %a, %b, dim = 1"
        " : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x16xf32>",
        '"stablehlo.concatenate"(%a, %b) <{dimension = 1 : i64}>'
        " : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x16xf32>",
    ),
    "reduce_precision": (
        "stablehlo.reduce_precision %a, format = e5m10 : tensor<4x8xf32>",
        '"stablehlo.reduce_precision"(%a) <{exponent_bits = 5 : i32, mantissa_bits = 10 : i32}>'
        " : (tensor<4x8xf32>) -> tensor<4x8xf32>",
    ),
    "dot_general": (
        "stablehlo.dot_general %a, %b, batching_dims = [0] x [0], contracting_dims = [1] x [1], "
        "precision = [DEFAULT, DEFAULT], algorithm = <lhs_precision_type = tf32, "
        "rhs_precision_type = tf32, accumulation_type = f32, lhs_component_count = 1, "
        "rhs_component_count = 1, num_primitive_operations = 1, "
        "allow_imprecise_accumulation = false>"
        " : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4xf32>",
        '"stablehlo.dot_general"(%a, %b) <{algorithm = #stablehlo.dot_algorithm<'
        "lhs_precision_type = tf32, rhs_precision_type = tf32, accumulation_type = f32, "
        "lhs_component_count = 1, rhs_component_count = 1, num_primitive_operations = 1, "
        "allow_imprecise_accumulation = false>, dot_dimension_numbers = #stablehlo.dot<"
        "lhs_batching_dimensions = [0], rhs_batching_dimensions = [0], "
        "lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1]>, precision_config = "
        "[#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}>"
        " : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4xf32>",
    ),
    "outer product": (
        "stablehlo.dot_general %a, %b, contracting_dims = [] x []"
        " : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8x4x8xf32>",
        '"stablehlo.dot_general"(%a, %b) <{dot_dimension_numbers = #stablehlo.dot<>}>'
        " : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8x4x8xf32>",
    ),
    "reduce": (
        "stablehlo.reduce(%a init: %s) applies stablehlo.add across dimensions = [1]"
        " : (tensor<4x8xf32>, tensor<f32>) -> tensor<4xf32>",
        '"stablehlo.reduce"(%a, %s) <{dimensions = array<i64: 1>}> ({\n'
        "^bb0(%x: tensor<f32>, %y: tensor<f32>):\n"
        '  %z = "stablehlo.add"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>\n'
        '  "stablehlo.return"(%z) : (tensor<f32>) -> ()\n'
        "}) : (tensor<4x8xf32>, tensor<f32>) -> tensor<4xf32>",
    ),
    "reduce with a reducer": (
        "stablehlo.reduce(%a init: %s) across dimensions = [1]"
        " : (tensor<4x8xf32>, tensor<f32>) -> tensor<4xf32>\n"
        " reducer(%x: tensor<f32>, %y: tensor<f32>)  {\n"
        "  %z = stablehlo.subtract %y, %x : tensor<f32>\n"
        "  stablehlo.return %z : tensor<f32>\n}",
        '"stablehlo.reduce"(%a, %s) ({\n'
        "^bb0(%x: tensor<f32>, %y: tensor<f32>):\n"
        "  %z = stablehlo.subtract %y, %x : tensor<f32>\n"
        "  stablehlo.return %z : tensor<f32>\n"
        "}) {dimensions = array<i64: 1>} : (tensor<4x8xf32>, tensor<f32>) -> tensor<4xf32>",
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pretty_and_generic_form_agree(name: str) -> None:
    pretty, generic = PAIRS[name]
    a = program(f"%r = {pretty}\nreturn", AB)
    b = program(f"%r = {generic}\nfunc.return", AB)
    assert a == b
    assert parse(print_module(a)) == a


@pytest.mark.parametrize(
    ("types", "pred"),
    [("tensor<i1>, tensor<4xf32>", "i1"), ("tensor<4xi1>, tensor<4xf32>", "4xi1")],
)
def test_select_names_two_types(types: str, pred: str) -> None:
    params = f"%p: tensor<{pred}>, %a: tensor<4xf32>"
    node = only(f"%0 = stablehlo.select %p, %a, %a : {types}\nreturn", params)
    assert node.operands == (0, 1, 1)
    assert str(node.type) == "tensor<4xf32>"


def test_select_of_booleans_names_two_types_too() -> None:
    module = program(
        "%0 = stablehlo.select %p, %p, %p : tensor<i1>, tensor<i1>\nreturn", "%p: tensor<i1>"
    )
    assert "tensor<i1>, tensor<i1>" in print_module(module)


def test_reduce_of_two_inputs_orders_the_block_arguments() -> None:
    module = program(
        "%0:2 = stablehlo.reduce(%a init: %s), (%k init: %t) across dimensions = [0]"
        " : (tensor<4xf32>, tensor<4xi32>, tensor<f32>, tensor<i32>)"
        " -> (tensor<f32>, tensor<i32>)\n"
        " reducer(%x: tensor<f32>, %y: tensor<f32>) (%i: tensor<i32>, %j: tensor<i32>)  {\n"
        "  %u = stablehlo.maximum %x, %y : tensor<f32>\n"
        "  %v = stablehlo.minimum %i, %j : tensor<i32>\n"
        "  stablehlo.return %u, %v : tensor<f32>, tensor<i32>\n"
        " }\n"
        "return %0#1, %0#0 : tensor<i32>, tensor<f32>",
        "%a: tensor<4xf32>, %k: tensor<4xi32>, %s: tensor<f32>, %t: tensor<i32>",
        "tensor<i32>, tensor<f32>",
    )
    graph = module.main.graph
    body = graph.nodes[0].regions[0]
    assert [str(t.dtype) for t in body.params] == ["f32", "i32", "f32", "i32"]
    assert [n.operands for n in body.nodes] == [(0, 2), (1, 3)]
    assert graph.results == (5, 4)
    assert parse(print_module(module)) == module


def test_a_region_captures_outer_values() -> None:
    module = program(
        "%c = stablehlo.constant dense<2.0> : tensor<f32>\n"
        "%0 = stablehlo.reduce(%a init: %s) across dimensions = [0, 1]"
        " : (tensor<4x8xf32>, tensor<f32>) -> tensor<f32>\n"
        " reducer(%x: tensor<f32>, %y: tensor<f32>)  {\n"
        "  %u = stablehlo.multiply %y, %c : tensor<f32>\n"
        "  %v = stablehlo.add %x, %u : tensor<f32>\n"
        "  %w = stablehlo.add %v, %s : tensor<f32>\n"
        "  stablehlo.return %w : tensor<f32>\n"
        " }\nreturn",
        AB,
    )
    node = module.main.graph.nodes[1]
    assert node.captures == (3, 2)  # %c, %s in the order of their first use
    body = node.regions[0]
    assert len(body.params) == 4
    assert [n.operands for n in body.nodes] == [(1, 2), (0, 4), (5, 3)]
    assert parse(print_module(module)) == module


def test_results_by_several_names() -> None:
    module = parse(
        """
        func.func private @two(%a: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
          func.return %a, %a : tensor<f32>, tensor<f32>
        }
        func.func @main(%a: tensor<f32>) -> tensor<f32> {
          %x, %y = "func.call"(%a) <{callee = @two}> : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
          %p:2 = func.call @two(%y) : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
          %q:2 = call @two(%p#1) : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
          %unused:2 = call @two(%q#0) : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
          call @two(%q#0) : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
          return %q : tensor<f32>
        }
        """
    )
    graph = module.main.graph
    assert [n.operands for n in graph.nodes] == [(0,), (2,), (4,), (5,), (5,)]
    assert graph.results == (5,)
    assert parse(print_module(module)) == parse(print_module(parse(print_module(module))))


def test_composite_keeps_its_attributes() -> None:
    text = """
        #alias = dense<[1, 2]> : tensor<2xi32>
        module {
        func.func @main(%a: tensor<f32>) -> tensor<f32> {
          %0 = stablehlo.composite "my.op" %a {composite_attributes = {n = 3 : i64, w = 3 : i32,
             s = "a\\22b", f = 1.5 : f32, d = #alias, l = [1, {x = unit}], flag},
             decomposition = @f, version = 2 : i32} : (tensor<f32>) -> tensor<f32>
          return %0 : tensor<f32>
        }
        func.func private @f(%a: tensor<f32>) -> tensor<f32> { return %a : tensor<f32> }
        }
    """
    module = parse(text)
    node = module.main.graph.nodes[0]
    attrs = dict(node.attr("composite_attributes"))
    assert attrs["n"] == 3
    assert attrs["s"] == 'a"b'
    assert attrs["w"] == Raw("3 : i32")
    assert attrs["d"] == Raw("dense<[1, 2]> : tensor<2xi32>")
    assert attrs["l"] == Raw("[1, {x = unit}]")
    assert node.attr("version") == 2
    assert node.attr("decomposition") == "f"
    assert parse(print_module(module)) == module


def test_what_surrounds_the_ops_is_skipped() -> None:
    module = parse(
        """
        // a comment; "with a quote
        #loc = loc(unknown)
        !t = tensor<2xf32>
        module @m attributes {mhlo.num_partitions = 1 : i32, jax.uses = [#stablehlo.x<[b, 0]>]} {
          func.func public @main(%arg0: !t {mhlo.layout_mode = "default", jax.x} loc("a"),
              %arg1: tensor<2xf32>) -> (tensor<2xf32> {jax.result_info = "r[0]"})
              attributes {sdy.x = #sdy.sharding<@mesh, [{}, {"y"}]>} {
            %0 = stablehlo.add %arg0, %arg1 {mhlo.frontend = {a = "}"}} : !t loc(#loc1)
            return %0 : tensor<2xf32> loc(fused["x"(#loc), callsite("f" at "g":1:2)])
          } loc(#loc)
        } loc(#loc)
        #loc1 = loc("file.py":3:4)
        """
    )
    assert module.name == "m"
    assert [n.op for n in module.main.graph.nodes] == ["add"]
    assert not module.main.private


def test_the_generic_form_of_a_whole_module() -> None:
    module = parse(
        """
        "builtin.module"() <{sym_name = "m"}> ({
          "func.func"() <{arg_attrs = [{jax.x = true}], function_type = (tensor<2xf32>) ->
              (tensor<2xf32>, tensor<2xf32>), sym_name = "main", sym_visibility = "private"}> ({
          ^bb0(%arg0: tensor<2xf32>):
            "func.return"(%arg0, %arg0) : (tensor<2xf32>, tensor<2xf32>) -> ()
          }) : () -> ()
        }) {mhlo.x = 1 : i32} : () -> ()
        """
    )
    assert module.name == "m"
    assert module.main.private
    assert module.main.graph.results == (0, 0)


def test_a_function_may_take_and_return_nothing() -> None:
    module = program("return")
    assert module.main.graph.results == ()
    assert parse(print_module(module)) == module


def test_print_is_what_mlir_would_print() -> None:
    text = """module @m {
  func.func public @main(%arg0: tensor<2x3xf32>) -> tensor<2xf32> {
    %0 = stablehlo.constant dense<[1.000000e+00, 0x7FC00000, -0.000000e+00]> : tensor<3xf32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [1] : (tensor<3xf32>) -> tensor<2x3xf32>
    %2 = stablehlo.multiply %arg0, %1 : tensor<2x3xf32>
    %3 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %4 = stablehlo.reduce(%2 init: %3) applies stablehlo.add across dimensions = [1] : \
(tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
    return %4 : tensor<2xf32>
  }
}
"""
    module = parse(text)
    assert print_module(module) == text
    assert np.isnan(module.main.graph.nodes[0].attr("value").array()[1])
