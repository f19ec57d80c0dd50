"""Ops with regions, structs and forms of their own: what is read, what is refused."""

from __future__ import annotations

import pytest

from compiler.check import verify_module
from compiler.errors import AssayError, ParseError, UnsupportedError, VerifyError
from compiler.ir import Graph, Node
from compiler.text import parse, print_module

HEAD = "func.func @main(%i: tensor<i32>, %p: tensor<i1>, %x: tensor<4xf32>, %y: tensor<4xf32>) {\n"


def nodes(body: str, *, checks: bool = False) -> tuple[Node, ...]:
    """The nodes of a function with some parameters; it prints back as it is."""
    module = parse(f"{HEAD}{body}\nreturn\n}}\n", checks=checks)
    text = print_module(module)
    assert parse(text, checks=checks) == module
    return module.main.graph.nodes


def line_of(body: str) -> tuple[int, str]:
    """The line of ``body`` (from 1) that is refused, and the message."""
    with pytest.raises(AssayError) as e:
        parse(f"{HEAD}{body}\nreturn\n}}\n")
    assert e.value.where is not None
    return e.value.where.line - 1, e.value.message


# captures


def test_regions_of_one_op_share_their_captures() -> None:
    (node,) = nodes(
        '%0 = "stablehlo.if"(%p) ({\n'
        "  %a = stablehlo.add %x, %y : tensor<4xf32>\n"
        "  stablehlo.return %a : tensor<4xf32>\n"
        "}, {\n"
        "  %a = stablehlo.negate %y : tensor<4xf32>\n"
        "  stablehlo.return %a : tensor<4xf32>\n"
        "}) : (tensor<i1>) -> tensor<4xf32>"
    )
    assert node.captures == (2, 3)
    first, second = node.regions
    assert first.params == second.params
    assert first.nodes[0].operands == (0, 1)
    assert second.nodes[0].operands == (1,)
    assert first.results == second.results == (2,)


def test_captures_stand_behind_the_block_arguments_of_every_region() -> None:
    (node,) = nodes(
        "%0:2 = stablehlo.while(%a = %x, %n = %i) : tensor<4xf32>, tensor<i32>\n"
        "cond {\n"
        "  %c = stablehlo.compare LT, %n, %i : (tensor<i32>, tensor<i32>) -> tensor<i1>\n"
        "  stablehlo.return %c : tensor<i1>\n"
        "} do {\n"
        "  %b = stablehlo.add %a, %y : tensor<4xf32>\n"
        "  stablehlo.return %b, %n : tensor<4xf32>, tensor<i32>\n"
        "}"
    )
    assert node.captures == (0, 3)
    cond, body = node.regions
    assert cond.nodes[0].operands == (1, 2)
    assert body.nodes[0].operands == (0, 3)
    assert body.results == (4, 1)


def test_a_region_of_a_region_captures_through_both() -> None:
    (node,) = nodes(
        '%0 = "stablehlo.case"(%i) ({\n'
        '  %1 = "stablehlo.if"(%p) ({\n'
        "    stablehlo.return %y : tensor<4xf32>\n"
        "  }, {\n"
        "    stablehlo.return %x : tensor<4xf32>\n"
        "  }) : (tensor<i1>) -> tensor<4xf32>\n"
        "  stablehlo.return %1 : tensor<4xf32>\n"
        "}) : (tensor<i32>) -> tensor<4xf32>"
    )
    assert node.captures == (1, 3, 2)
    inner = node.regions[0].nodes[0]
    assert inner.captures == (1, 2)
    assert [r.results for r in inner.regions] == [(0,), (1,)]


def test_a_value_of_a_region_is_not_seen_outside() -> None:
    body = (
        '%0 = "stablehlo.if"(%p) ({\n  %a = stablehlo.negate %x : tensor<4xf32>\n'
        "  stablehlo.return %a : tensor<4xf32>\n}, {\n  stablehlo.return %x : tensor<4xf32>\n"
        "}) : (tensor<i1>) -> tensor<4xf32>\n%1 = stablehlo.negate %a : tensor<4xf32>"
    )
    assert line_of(body) == (7, "negate: %a is not defined here")


def test_a_graph_whose_regions_disagree_about_captures_is_refused() -> None:
    (node,) = nodes(
        '%0 = "stablehlo.if"(%p) ({\n  stablehlo.return %x : tensor<4xf32>\n}, {\n'
        "  stablehlo.return %y : tensor<4xf32>\n}) : (tensor<i1>) -> tensor<4xf32>"
    )
    module = parse(f"{HEAD}return\n}}\n")
    graph = module.main.graph
    bad = node._replace(captures=(0, 3))  # the first region takes a tensor<4xf32>
    with pytest.raises(VerifyError, match="captures do not fit"):
        verify_module(module.with_graph("main", Graph(graph.params, (bad,), ())))


# depth


def nested(depth: int) -> str:
    text = "%a = stablehlo.negate %x : tensor<4xf32>\nstablehlo.return %a : tensor<4xf32>"
    for _ in range(depth):
        text = (
            f'%r = "stablehlo.if"(%p) ({{\n{text}\n}}, {{\nstablehlo.return %y : tensor<4xf32>\n'
            "}) : (tensor<i1>) -> tensor<4xf32>\nstablehlo.return %r : tensor<4xf32>"
        )
    return text.removesuffix("stablehlo.return %r : tensor<4xf32>")


@pytest.mark.parametrize("depth", [1, 10, 50])
def test_regions_nest(depth: int) -> None:
    graph_nodes = nodes(nested(depth))
    for _ in range(depth):
        (node,) = graph_nodes
        graph_nodes = node.regions[0].nodes
    assert graph_nodes[0].op == "negate"


@pytest.mark.parametrize("text", [nested(100), '"stablehlo.case"(%i) ({' * 5000, "[" * 200_000])
def test_endless_nesting_is_an_error_and_no_crash(text: str) -> None:
    with pytest.raises(ParseError):
        parse(f"{HEAD}{text}\nreturn\n}}\n")


# structs


GATHER = (
    '%0 = "stablehlo.gather"(%x, %i) <{{dimension_numbers = #stablehlo.gather<{}>, '
    "slice_sizes = array<i64: 1>}}> : (tensor<4xf32>, tensor<i32>) -> tensor<f32>"
)


def test_fields_of_a_struct_in_any_order_with_a_last_comma() -> None:
    a, b = (
        nodes(GATHER.format(fields))
        for fields in (
            "collapsed_slice_dims = [0], start_index_map = [0]",
            "index_vector_dim = 0, start_index_map = [0], offset_dims = [],\n"
            "collapsed_slice_dims = [0],",
        )
    )
    assert a == b
    assert a[0].attr("start_index_map") == (0,)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("start_index_map = [0], start_index_map = [0]", "start_index_map is given twice"),
        ("colour = [0]", "#stablehlo.gather has no field colour"),
        ("start_index_map = 0", "attribute start_index_map is no list of integers"),
        ("index_vector_dim = [0]", "attribute index_vector_dim is no integer"),
        ("", r"gather: \(C1\)"),
    ],
)
def test_a_wrong_struct_is_refused(fields: str, message: str) -> None:
    with pytest.raises((ParseError, VerifyError), match=message):
        nodes(GATHER.format(fields))


def test_a_missing_struct_is_refused() -> None:
    text = GATHER.replace("dimension_numbers = #stablehlo.gather<{}>, ", "").replace("{{", "{")
    assert line_of(text.replace("}}", "}")) == (1, "gather: attribute dimension_numbers is missing")


CONV = (
    "%a = stablehlo.constant dense<0.0> : tensor<1x4x4x2xf32>\n"
    "%b = stablehlo.constant dense<0.0> : tensor<3x3x2x5xf32>\n"
    "%0 = stablehlo.convolution(%a, %b) dim_numbers = {numbers}, window = {{{window}}} "
    "{{batch_group_count = 1 : i64, feature_group_count = 1 : i64}} "
    ": (tensor<1x4x4x2xf32>, tensor<3x3x2x5xf32>) -> tensor<1x2x2x5xf32>"
)
NUMBERS = "[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]"
RAW = (
    "#stablehlo.conv<raw input_batch_dimension = 0, input_feature_dimension = 3, "
    "input_spatial_dimensions = [1, 2], kernel_input_feature_dimension = 2, "
    "kernel_output_feature_dimension = 3, kernel_spatial_dimensions = [0, 1], "
    "output_batch_dimension = 0, output_feature_dimension = 3, output_spatial_dimensions = [1, 2]>"
)


def test_every_spelling_of_a_convolution_is_the_same_node() -> None:
    pretty = nodes(CONV.format(numbers=NUMBERS, window=""))[2]
    full = (
        "pad = [[0, 0], [0, 0]], stride = [1, 1], reverse = [false, false], "
        "rhs_dilate = [1, 1], lhs_dilate = [1, 1]"
    )
    assert nodes(CONV.format(numbers=NUMBERS, window=full))[2] == pretty
    head = "\n".join(CONV.split("\n")[:2])
    for numbers in (f"#stablehlo.conv<{NUMBERS}>", RAW):
        generic = (
            f'{head}\n%0 = "stablehlo.convolution"(%a, %b) <{{batch_group_count = 1 : i64, '
            f"dimension_numbers = {numbers}, feature_group_count = 1 : i64, "
            "padding = dense<0> : tensor<2x2xi64>, window_reversal = array<i1: false, false>}> "
            ": (tensor<1x4x4x2xf32>, tensor<3x3x2x5xf32>) -> tensor<1x2x2x5xf32>"
        )
        assert nodes(generic)[2] == pretty
    assert pretty.attr("padding") == ((0, 0), (0, 0))


@pytest.mark.parametrize(
    ("numbers", "window", "message"),
    [
        ("[b, 0, c, f]x[0, 1, i, o]->[b, 0, 1, f]", "", "dimension c is none of b, f"),
        ("[b, 0, 1, f]x[0, 1, b, o]->[b, 0, 1, f]", "", "dimension b is none of i, o"),
        ("[b, 0, 1]x[0, 1, i, o]->[b, 0, 1, f]", "", "dimension f is missing"),
        ("[b, 1, f]x[0, 1, i, o]->[b, 0, 1, f]", "", "spatial dimension 0 is missing"),
        ("[b, 0, 0, f]x[0, 1, i, o]->[b, 0, 1, f]", "", "spatial dimension 0 is given twice"),
        ("[b, 0, -1, f]x[0, 1, i, o]->[b, 0, 1, f]", "", "spatial dimension -1 is negative"),
        ("[b, b, 0, f]x[0, 1, i, o]->[b, 0, 1, f]", "", "dimension b is given twice"),
        (NUMBERS, "stride = [1, 1], stride = [1, 1]", "unexpected keyword stride"),
        (NUMBERS, "colour = [1, 1]", "unexpected keyword colour"),
        (NUMBERS, "pad = [[0, 0], [0]]", "expected a pair"),
        (NUMBERS, "reverse = [yes, no]", "expected true or false"),
    ],
)
def test_a_wrong_convolution_is_refused(numbers: str, window: str, message: str) -> None:
    with pytest.raises((ParseError, VerifyError), match=message):
        nodes(CONV.format(numbers=numbers, window=window))


def test_an_attribute_of_a_pretty_form_is_blamed_where_it_stands() -> None:
    text = CONV.format(numbers=NUMBERS, window="").replace("{batch", "\n{batch")
    line, message = line_of(text.replace("batch_group_count = 1", "batch_group_count = 0"))
    assert (line, message[:18]) == (4, "convolution: (C22)")


# checks


CHECKS = {
    "check.expect_eq %x, %y : tensor<4xf32>": {},
    "check.expect_eq_const %p, dense<true> : tensor<i1>": {},
    "check.expect_almost_eq %x, %y : tensor<4xf32>": {"tolerance": 1e-4},
    "check.expect_almost_eq %x, %y, tolerance = 0.5 : tensor<4xf32>": {"tolerance": 0.5},
    "check.expect_almost_eq_const %x, dense<1.0> : tensor<4xf32>": {"tolerance": 1e-4},
    '"check.expect_eq_const"(%p) <{value = dense<true> : tensor<i1>}> : (tensor<i1>) -> ()': {},
    "check.expect_close %x, %y, max_ulp_difference = 3, min_ulp_difference = 2 "
    ": tensor<4xf32>, tensor<4xf32>": {"max_ulp_difference": 3, "min_ulp_difference": 2},
    "stablehlo.custom_call @check.expect_eq(%x, %y) {has_side_effect = true} "
    ": (tensor<4xf32>, tensor<4xf32>) -> ()": {},
    "stablehlo.custom_call @check.expect_almost_eq(%x, %y) {has_side_effect = true} "
    ": (tensor<4xf32>, tensor<4xf32>) -> ()": {"tolerance": 1e-3},
    '"stablehlo.custom_call"(%x, %y) <{call_target_name = "check.expect_close"}> '
    ": (tensor<4xf32>, tensor<4xf32>) -> ()": {"max_ulp_difference": 3, "min_ulp_difference": 0},
}


@pytest.mark.parametrize("line", CHECKS)
def test_checks_are_read_where_they_are_asked_for(line: str) -> None:
    (node,) = nodes(line, checks=True)
    assert node.op.startswith("check.expect_")
    assert node.types == ()
    assert {k: node.attr(k) for k in CHECKS[line]} == CHECKS[line]


@pytest.mark.parametrize("line", CHECKS)
def test_checks_are_refused_elsewhere(line: str) -> None:
    with pytest.raises(UnsupportedError, match=r"2:1: unsupported op ") as e:
        nodes(line)
    assert e.value.exit_code == 4


@pytest.mark.parametrize("checks", [False, True])
def test_other_custom_calls_are_refused_by_name(checks: bool) -> None:
    line = "stablehlo.custom_call @other(%x) : (tensor<4xf32>) -> ()"
    with pytest.raises(UnsupportedError, match="custom_call @other"):
        nodes(line, checks=checks)


# odds and ends


def test_an_arith_constant_of_a_tensor_is_a_constant() -> None:
    (node,) = nodes("%0 = arith.constant dense<1> : tensor<2xi32>")
    assert node.op == "constant"
    assert line_of("%0 = arith.constant 1 : i32") == (1, "unsupported op arith.constant")


def test_a_reduce_in_a_wider_type_prints_its_body() -> None:
    reduce = (
        "%v = stablehlo.constant dense<1> : tensor<4xi8>\n"
        "%z = stablehlo.constant dense<0> : tensor<i8>\n"
        "%0 = stablehlo.reduce(%v init: %z) across dimensions = [0] "
        ": (tensor<4xi8>, tensor<i8>) -> tensor<i32>\n"
        " reducer(%a: tensor<i32>, %b: tensor<i32>) {\n"
        "  %1 = stablehlo.add %a, %b : tensor<i32>\n"
        "  stablehlo.return %1 : tensor<i32>\n}"
    )
    assert str(nodes(reduce)[2].type) == "tensor<i32>"


def test_tolerances_need_the_mode_of_that_name() -> None:
    accuracy = (
        "%0 = stablehlo.sine %x {{result_accuracy = #stablehlo.result_accuracy<atol = 1.0, "
        "mode = #stablehlo.result_accuracy_mode<{}>>}} : tensor<4xf32>"
    )
    with pytest.raises(VerifyError, match="mode HIGHEST must not state atol"):
        nodes(accuracy.format("HIGHEST"))
    with pytest.raises(UnsupportedError, match="attribute result_accuracy of sine"):
        nodes(accuracy.format("TOLERANCE"))


def test_missing_names_of_an_empty_list_may_leave_their_comma() -> None:
    (node,) = nodes("%0 = stablehlo.dynamic_slice %i, , sizes = [] : (tensor<i32>) -> tensor<i32>")
    assert node.operands == (0,)
