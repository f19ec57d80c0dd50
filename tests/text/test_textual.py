"""Ops and types that a text may hold and a graph does not: read as others, judged, refused."""

from __future__ import annotations

import pytest

from compiler.errors import AssayError, ParseError, UnsupportedError, VerifyError
from compiler.ir import Node
from compiler.ops import OPS, TEXTUAL
from compiler.text import parse, print_module

F = "tensor<2x3xf32>"


def text(line: str, params: str = f"%a: {F}, %s: tensor<f32>, %i: tensor<i32>") -> str:
    """``line`` is the second one of a function."""
    return f"func.func @main({params}) {{\n  {line}\n  return\n}}\n"


def read(line: str, params: str | None = None) -> Node:
    module = parse(text(line, params) if params else text(line), "f.mlir")
    assert parse(print_module(module)) == module
    return module.main.graph.nodes[-1]


def error(line: str, params: str | None = None) -> AssayError:
    with pytest.raises(AssayError) as e:
        read(line, params)
    assert e.value.where is not None
    assert e.value.where.line == 2
    return e.value


def test_they_are_no_ops_of_graphs() -> None:
    assert not set(TEXTUAL) & set(OPS)


# what is read as another op

DOTS = {
    ("2x3", "3x4", "2x4"): (1, 0),
    ("2x3", "3", "2"): (1, 0),
    ("3", "3x4", "4"): (0, 0),
    ("3", "3", ""): (0, 0),
}


@pytest.mark.parametrize("shapes", DOTS)
def test_dot_is_a_dot_general(shapes: tuple[str, str, str]) -> None:
    lhs, rhs, out = (f"tensor<{s}{'x' if s else ''}i8>" for s in shapes)
    wide = out.replace("i8", "i32")
    node = read(f"%0 = stablehlo.dot %a, %b : ({lhs}, {rhs}) -> {wide}", f"%a: {lhs}, %b: {rhs}")
    left, right = DOTS[shapes]
    assert node.op == "dot_general"
    assert node.attr("lhs_contracting_dimensions") == (left,)
    assert node.attr("rhs_contracting_dimensions") == (right,)
    assert str(node.types[0]) == wide


def test_dot_keeps_its_precision() -> None:
    line = f"%0 = stablehlo.dot %a, %b, precision = [HIGH, DEFAULT] : ({F}, tensor<3xf32>) -> "
    node = read(f"{line}tensor<2xf32>", f"%a: {F}, %b: tensor<3xf32>")
    assert node.attr("precision_config") == ("HIGH", "DEFAULT")


@pytest.mark.parametrize(
    "form",
    [
        "stablehlo.broadcast %a, sizes = [4, 1]",
        '"stablehlo.broadcast"(%a) {broadcast_sizes = array<i64: 4, 1>}',
    ],
)
def test_broadcast_is_a_broadcast_in_dim(form: str) -> None:
    node = read(f"%0 = {form} : ({F}) -> tensor<4x1x2x3xf32>")
    assert node.op == "broadcast_in_dim"
    assert node.attr("broadcast_dimensions") == (2, 3)


@pytest.mark.parametrize(
    ("dtype", "kind"), [("i32", "UNSIGNED"), ("f32", "SIGNED"), ("i1", "FLOAT")]
)
def test_a_compare_type_that_does_not_fit_says_nothing(dtype: str, kind: str) -> None:
    t = f"tensor<2x{dtype}>"
    line = f"%0 = stablehlo.compare LT, %a, %a, {kind} : ({t}, {t}) -> tensor<2xi1>"
    assert read(line, f"%a: {t}").attr("compare_type") == ""


def test_a_compare_type_that_fits_is_kept() -> None:
    line = f"%0 = stablehlo.compare LT, %a, %a, TOTALORDER : ({F}, {F}) -> tensor<2x3xi1>"
    assert read(line).attr("compare_type") == "TOTALORDER"


# what is wrong

VEC = "tensor<3xf32>"
SHAPE = "tensor<2xi64>"
RNG = (
    f"stablehlo.rng %s, %s, %n, distribution = UNIFORM : (tensor<f32>, tensor<f32>, {SHAPE}) -> {F}"
)
INVALID = {
    f"stablehlo.dot %a, %a : ({F}, {F}) -> {F}": "the last dimension of lhs",
    f"stablehlo.dot %a, %s : ({F}, tensor<f32>) -> {F}": "rhs tensor<f32> is neither",
    f"stablehlo.dot %a, %v : ({F}, {VEC}) -> {VEC}": "result type is tensor<2xf32>",
    f"stablehlo.dot %a, %v, precision = [HIGH, HIGH, HIGH] : ({F}, {VEC}) -> tensor<2xf32>": (
        "precision_config has 3 entries"
    ),
    f"stablehlo.broadcast %a, sizes = [-4] : ({F}) -> tensor<4x2x3xf32>": "negative size",
    f"stablehlo.broadcast %a, sizes = [4] : ({F}) -> tensor<5x2x3xf32>": "result type is",
    f"stablehlo.broadcast %a, sizes = [4] : ({F}) -> tensor<4x2x3xf64>": "result type is",
    RNG.replace("%s, %s", "%v, %s").replace("(tensor<f32>", f"({VEC}"): "(I1) a tensor<3xf32>",
    RNG.replace("%s, %s", "%s, %v").replace(", tensor<f32>", f", {VEC}"): "(I2) b tensor<3xf32>",
    RNG.replace("%n", "%a").replace(SHAPE, F): "(I3) shape",
    RNG.replace("%n", "%v").replace(SHAPE, VEC): "(I3) shape",
    RNG.replace("%s, %s", "%s, %i").replace(", tensor<f32>", ", tensor<i32>"): "(C1) ",
    RNG.replace(f"-> {F}", "-> tensor<2x3xf64>"): "(C1) ",
    RNG.replace("%s, %s", "%i, %i").replace("f32", "i32").replace("UNIFORM", "NORMAL"): "(C2) ",
    RNG.replace(f"-> {F}", "-> tensor<2xf32>"): "(C3) shape has 2 entries, not 1",
    "stablehlo.complex %v, %v : tensor<3xf32>": "(C3) result tensor<3xf32>",
    "stablehlo.complex %i, %i : tensor<i32>": "(I1) element type i32",
    f"stablehlo.set_dimension_size %a, %v, dim = 1 : ({F}, {VEC}) -> {F}": "size tensor<3xf32>",
    f"stablehlo.set_dimension_size %a, %i, dim = 2 : ({F}, tensor<i32>) -> {F}": "dimension 2",
    f"stablehlo.set_dimension_size %a, %i, dim = -1 : ({F}, tensor<i32>) -> {F}": "dimension -1",
    f"stablehlo.set_dimension_size %a, %i, dim = 1 : ({F}, tensor<i32>) -> tensor<3x3xf32>": (
        "differ in more than dimension 1"
    ),
}
PARAMS = f"%a: {F}, %s: tensor<f32>, %i: tensor<i32>, %v: {VEC}, %n: {SHAPE}"


@pytest.mark.parametrize("line", INVALID)
def test_invalid_ones_are_wrong_before_they_are_refused(line: str) -> None:
    e = error(f"%0 = {line}", PARAMS)
    assert isinstance(e, VerifyError)
    name = line.split()[0].removeprefix("stablehlo.")
    assert e.message.startswith(f"{name}: ")
    assert INVALID[line] in e.message


def test_the_shape_of_rng_is_compared_where_it_is_constant() -> None:
    shape = "%n = stablehlo.constant dense<[2, 4]> : tensor<2xi64>"
    e = error(f"{shape} %0 = {RNG}")
    assert e.message == "rng: (C3) result tensor<2x3xf32> does not have shape [2, 4]"
    with pytest.raises(UnsupportedError):
        read(f"{shape.replace('[2, 4]', '[2, 3]')} %0 = {RNG}")


VALID = {
    "rng": RNG,
    "set_dimension_size": (
        f"stablehlo.set_dimension_size %a, %i, dim = 1 : ({F}, tensor<i32>) -> tensor<2x1xf32>"
    ),
}


@pytest.mark.parametrize("size", [0, 1, 3])
def test_set_dimension_size_to_a_constant_is_a_slice(size: int) -> None:
    constant = f"%n = stablehlo.constant dense<{size}> : tensor<i32>"
    line = f"stablehlo.set_dimension_size %a, %n, dim = 1 : ({F}, tensor<i32>) -> "
    node = read(f"{constant} %0 = {line}tensor<2x{size}xf32>")
    assert node.op == "slice"
    assert node.attr("limit_indices") == (2, size)
    for other in ("2x4", "2x2"):
        e = error(f"{constant} %0 = {line}tensor<{other}xf32>")
        assert e.message == "unsupported op stablehlo.set_dimension_size"


NAMES = ["create_token", "cross-replica-sum", "einsum", "fft", "torch_index_select", "unary_einsum"]


@pytest.mark.parametrize("name", VALID)
def test_valid_ones_are_refused_by_name(name: str) -> None:
    e = error(f"%0 = {VALID[name]}", PARAMS)
    assert isinstance(e, UnsupportedError)
    assert e.message == f"unsupported op stablehlo.{name}"


@pytest.mark.parametrize("name", NAMES)
def test_others_are_refused_by_name(name: str) -> None:
    e = error(f'%0 = "stablehlo.{name}"(%a) : ({F}) -> {F}')
    assert isinstance(e, UnsupportedError)
    assert e.message == f"unsupported op stablehlo.{name}"


# types

FOREIGN = ["f32", "i1", "bf16", "index", "tensor<3xi10>", "tensor<si8>", "tensor<2xf80>"]


@pytest.mark.parametrize("t", FOREIGN)
def test_an_op_on_a_type_that_is_none_of_stablehlo_is_wrong(t: str) -> None:
    e = error(f"%0 = stablehlo.abs %x : {t}", f"%x: {t}")
    assert isinstance(e, VerifyError)
    assert e.message == f"abs: operand 0 has type {t}, which no value of StableHLO has"
    e = error(f'%0 = "stablehlo.is_finite"(%a) : ({F}) -> {t}')
    assert isinstance(e, VerifyError)
    assert e.message == f"is_finite: result 0 has type {t}, which no value of StableHLO has"


def test_no_constant_has_such_a_type() -> None:
    e = error("%0 = stablehlo.constant dense<1> : tensor<3xi10>")
    assert e.message == "constant: a literal of type tensor<3xi10>, which no value of StableHLO has"


@pytest.mark.parametrize("t", FOREIGN)
def test_a_text_that_does_nothing_with_them_is_refused(t: str) -> None:
    with pytest.raises(UnsupportedError, match="1:21: unsupported type") as e:
        parse(f"func.func @main(%x: {t}) -> {t} {{\n  return %x : {t}\n}}\n")
    assert t in e.value.message


def test_a_region_that_takes_scalars_is_the_fault_of_its_op() -> None:
    reduce = (
        '%0 = "stablehlo.reduce"(%a, %s) ({\n^bb0(%l: f32, %r: f32):\n'
        '%1 = "llvm.add"(%l, %r) : (f32, f32) -> f32\n"stablehlo.return"(%1) : (f32) -> ()\n}) '
        f"{{dimensions = array<i64: 0>}} : ({F}, tensor<f32>) -> tensor<3xf32>"
    )
    e = error(reduce)
    assert isinstance(e, VerifyError)
    assert e.message == "reduce: the region takes %l of type f32"


@pytest.mark.parametrize("t", ["!stablehlo.foobar", "tensor<4xfoo>", "foo"])
def test_what_is_no_type_is_an_error_of_the_text(t: str) -> None:
    e = error(f"%0 = stablehlo.abs %a : {t}")
    assert isinstance(e, ParseError)


# result_accuracy

MODE = "mode = #stablehlo.result_accuracy_mode"
ACCURACY = {
    f"#stablehlo.result_accuracy<ulps = 1, {MODE}<HIGHEST>>": (VerifyError, "must not state ulps"),
    f"#stablehlo.result_accuracy<ulps = -1, {MODE}<TOLERANCE>>": (VerifyError, "is negative"),
    f"#stablehlo.result_accuracy<{MODE}<LOW>>": (ParseError, "is none of DEFAULT"),
    "#stablehlo.result_accuracy<ulps = 1>": (ParseError, "is none of DEFAULT"),
    '"HIGHEST"': (ParseError, "is no #stablehlo.result_accuracy<...>"),
    f"#stablehlo.result_accuracy<ulps = 1, {MODE}<TOLERANCE>>": (UnsupportedError, "default"),
    f"#stablehlo.result_accuracy<{MODE}<HIGHEST>>": (UnsupportedError, "default"),
}


@pytest.mark.parametrize("value", ACCURACY)
def test_accuracies(value: str) -> None:
    kind, message = ACCURACY[value]
    e = error(f'%0 = "stablehlo.exponential"(%a) {{result_accuracy = {value}}} : ({F}) -> {F}')
    assert type(e) is kind
    assert message in e.message


# the order and the place of errors


def test_a_wrong_op_comes_before_the_wrong_type_of_a_function() -> None:
    body = (
        f"func.func @f(%a: {F}) -> tensor<f32> {{\n%0 = stablehlo.OP %a : {F}\nreturn %0 : {F}\n}}"
    )
    with pytest.raises(VerifyError, match=r"3:1: @f returns \(tensor<2x3xf32>\)"):
        parse(body.replace("OP", "negate"))
    with pytest.raises(VerifyError, match="2:6: popcnt:"):
        parse(body.replace("OP", "popcnt"))


def test_a_wrong_word_is_wrong_where_it_stands() -> None:
    text = (
        f'func.func @f(%a: {F}) {{\n%0 = "stablehlo.compare"(%a, %a) {{\n'
        f"comparison_direction = #stablehlo<comparison_direction FOO>\n}} "
        f": ({F}, {F}) -> tensor<2x3xi1>\nreturn\n}}"
    )
    with pytest.raises(ParseError, match="3:34: compare: comparison_direction FOO is none of"):
        parse(text)


def test_padding_is_pairs() -> None:
    t = "tensor<1x4x4x1xf32>"
    line = (
        "stablehlo.convolution(%a, %a) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f],\n"
        f"window = {{stride = [1, 1],\npad = [[1, 1], [1]]}} {{}} : ({t}, {t}) -> {t}"
    )
    with pytest.raises(ParseError, match="4:16: convolution: expected a pair, found 1 numbers"):
        read(f"%0 = {line}", f"%a: {t}")
