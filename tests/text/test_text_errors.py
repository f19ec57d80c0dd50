"""Each kind of bad text: one line with place, op and what is wrong; never a traceback."""

from __future__ import annotations

import random
import time

import pytest

from compiler.errors import AssayError, ParseError, UnsupportedError, VerifyError
from compiler.text import parse


def wrap(line: str) -> str:
    """``line`` on line 3 of a function with some parameters."""
    return (
        "module {\n"
        "func.func @main(%a: tensor<4x8xf32>, %b: tensor<8xf32>, %p: tensor<i1>) {\n"
        f"  {line}\n"
        "  return\n}\n}\n"
    )


PARSE = {
    "unknown value": (
        "%0 = stablehlo.negate %x : tensor<f32>",
        "3:25: negate: %x is not defined here",
    ),
    "result index": (
        "%0 = stablehlo.negate %a#1 : tensor<4x8xf32>",
        "3:25: negate: %a#1 is not defined here",
    ),
    "missing comma": ("%0 = stablehlo.add %a %a : tensor<4x8xf32>", "3:25: add: expected ':'"),
    "missing type": ("%0 = stablehlo.add %a, %a", "4:3: add: expected ':', found 'return'"),
    "not a type": ("%0 = stablehlo.negate %a : 4x8xf32", "3:30: negate: expected a type"),
    "no op": ("%0 = %a", "3:8: expected an op, found '%a'"),
    "bare word": ("%0 = hello %a : tensor<f32>", "3:8: expected an op, found 'hello'"),
    "twice": (
        "%a = stablehlo.negate %a : tensor<4x8xf32>",
        "3:3: negate: %a is defined twice",
    ),
    "too many names": (
        "%0, %1 = stablehlo.negate %a : tensor<4x8xf32>",
        "3:12: negate: has 1 results, not as many as are named",
    ),
    "attribute missing": (
        '%0 = "stablehlo.transpose"(%a) : (tensor<4x8xf32>) -> tensor<8x4xf32>',
        "3:8: transpose: attribute permutation is missing",
    ),
    "attribute unknown": (
        "%0 = stablehlo.negate %a {colour = 1 : i64} : tensor<4x8xf32>",
        "3:8: negate: has no attribute colour",
    ),
    "attribute of the wrong kind": (
        '%0 = "stablehlo.transpose"(%a) {permutation = "x"} : (tensor<4x8xf32>) -> tensor<8x4xf32>',
        "3:8: transpose: attribute permutation is no list of integers",
    ),
    "enum": (
        "%0 = stablehlo.compare LESS, %a, %a : (tensor<4x8xf32>, tensor<4x8xf32>) "
        "-> tensor<4x8xi1>",
        "3:26: compare: comparison_direction LESS is none of EQ NE GE GT LE LT",
    ),
    "literal": (
        "%0 = stablehlo.constant dense<[1.0, 2.0]> : tensor<3xf32>",
        "3:33: constant: 2 elements for tensor<3xf32>, which has 3",
    ),
    "element": (
        "%0 = stablehlo.constant dense<[1.0, x]> : tensor<2xf32>",
        "3:39: constant: 'x' is no element of type f32",
    ),
    "format": (
        "%0 = stablehlo.reduce_precision %a, format = f32 : tensor<4x8xf32>",
        "3:48: reduce_precision: expected a format such as e5m10",
    ),
    "combiner": (
        "%0 = stablehlo.reduce(%b init: %b) applies stablehlo.negate across dimensions = [0] "
        ": (tensor<8xf32>, tensor<8xf32>) -> tensor<f32>",
        "3:46: reduce: cannot apply negate to 1 input",
    ),
    "region": (
        '%0 = "stablehlo.negate"(%a) ({\n stablehlo.return\n}) : (tensor<4x8xf32>) '
        "-> tensor<4x8xf32>",
        "3:8: negate: takes 0 regions, not 1",
    ),
    "huge integer": (
        f"%0 = stablehlo.iota dim = {'9' * 6000} : tensor<3xi32>",
        "3:29: iota: expected an integer",
    ),
    "huge dimension": (
        "%0 = stablehlo.negate %a : tensor<99999999999999999999xf32>",
        "does not fit 64 bits",
    ),
    "unterminated string": (
        '%0 = stablehlo.composite "a.b %a {decomposition = @f} : () -> ()',
        "3:28: composite: unterminated string",
    ),
    "negative count": ("%0:-1 = stablehlo.negate %a : tensor<4x8xf32>", "has 1 results"),
}


@pytest.mark.parametrize("name", PARSE)
def test_syntax(name: str) -> None:
    line, message = PARSE[name]
    with pytest.raises(ParseError) as e:
        parse(wrap(line), "f.mlir")
    assert str(e.value).startswith("f.mlir:")
    assert message in str(e.value)
    assert "\n" not in str(e.value)
    assert e.value.exit_code == 2


VERIFY = {
    "transpose": (
        "%0 = stablehlo.transpose %a, dims = [0, 0] : (tensor<4x8xf32>) -> tensor<4x4xf32>",
        "f.mlir:3:8: transpose: (C2) permutation [0, 0]",
    ),
    "stated operand type": (
        "%0 = stablehlo.negate %a : tensor<4x8xf64>",
        "f.mlir:3:8: negate: operand 0 has type tensor<4x8xf32>, the op states tensor<4x8xf64>",
    ),
    "operand count": (
        "%0 = stablehlo.add %a : tensor<4x8xf32>",
        "f.mlir:3:8: add: takes 2 operands, not 1",
    ),
    "result type": (
        "%0 = stablehlo.slice %b [0:4] : (tensor<8xf32>) -> tensor<8xf32>",
        "f.mlir:3:8: slice: (C5) result type is tensor<4xf32>, not tensor<8xf32>",
    ),
    "dtype": (
        "%0 = stablehlo.sine %p : tensor<i1>",
        "f.mlir:3:8: sine: (I1) element type i1 is not allowed",
    ),
    "no such function": (
        "%0 = call @f(%a) : (tensor<4x8xf32>) -> tensor<4x8xf32>",
        "f.mlir:3:8: call: there is no function @f",
    ),
    "no such decomposition": (
        '%0 = stablehlo.composite "a.b" %p {decomposition = @f} : (tensor<i1>) -> tensor<i1>',
        "f.mlir:3:8: composite: (C2) there is no function @f",
    ),
    "composite name": (
        '%0 = stablehlo.composite "b" %p {decomposition = @f} : (tensor<i1>) -> tensor<i1>',
        "f.mlir:3:8: composite: (C1)",
    ),
    "algorithm": (
        "%0 = stablehlo.dot_general %b, %b, contracting_dims = [0] x [0], algorithm = "
        "<lhs_precision_type = f8, rhs_precision_type = tf32, accumulation_type = f32, "
        "lhs_component_count = 1, rhs_component_count = 1, num_primitive_operations = 1, "
        "allow_imprecise_accumulation = false> : (tensor<8xf32>, tensor<8xf32>) -> tensor<f32>",
        "f.mlir:3:8: dot_general: there is no algorithm",
    ),
    "algorithm with precision": (
        "%0 = stablehlo.dot_general %b, %b, contracting_dims = [0] x [0], precision = "
        "[HIGH, HIGH], algorithm = <lhs_precision_type = tf32, rhs_precision_type = tf32, "
        "accumulation_type = f32, lhs_component_count = 1, rhs_component_count = 1, "
        "num_primitive_operations = 1, allow_imprecise_accumulation = false> "
        ": (tensor<8xf32>, tensor<8xf32>) -> tensor<f32>",
        "f.mlir:3:8: dot_general: (C21)",
    ),
}


@pytest.mark.parametrize("name", VERIFY)
def test_types(name: str) -> None:
    line, message = VERIFY[name]
    with pytest.raises(VerifyError) as e:
        parse(wrap(line), "f.mlir")
    assert str(e.value).startswith(message)


UNSUPPORTED = {
    "op": ('%0 = "stablehlo.fft"(%a) : (f)', "3:8: unsupported op stablehlo.fft"),
    "pretty op": ("%0 = stablehlo.custom_call @x(%a)", "3:8: unsupported op stablehlo.custom_call"),
    "check op": ("check.expect_eq %a, %a : tensor<f32>", "3:3: unsupported op check.expect_eq"),
    "other dialect": ("%0 = arith.constant 1 : i32", "3:8: unsupported op arith.constant"),
    "call of stablehlo": ("%0 = stablehlo.call @f()", "3:8: unsupported op stablehlo.call"),
    "combiner": (
        "%0 = stablehlo.reduce(%b init: %b) applies chlo.foo across dimensions = [0] "
        ": (tensor<8xf32>, tensor<8xf32>) -> tensor<f32>",
        "3:46: unsupported op chlo.foo in reduce",
    ),
    "dynamic": (
        "%0 = stablehlo.negate %a : tensor<?x8xf32>",
        "3:30: unsupported type tensor<?x8xf32>: dynamic shape",
    ),
    "unranked": ("%0 = stablehlo.negate %a : tensor<*xf32>", "tensor<*xf32>: unranked"),
    "encoding": ("%0 = stablehlo.negate %a : tensor<4xf32, #x>", "encoding"),
    "complex": (
        "%0 = stablehlo.negate %a : tensor<4xcomplex<f32>>",
        "3:30: unsupported type tensor<4xcomplex<f32>>",
    ),
    "quantised": (
        "%0 = stablehlo.negate %a : tensor<4x!quant.uniform<i8:f32, 1.0>>",
        "3:30: unsupported type tensor<4x!quant.uniform<i8:f32",
    ),
    "f8": ("%0 = stablehlo.negate %a : tensor<4xf8E8M0FNU>", "element type f8E8M0FNU"),
    "index": ("%0 = stablehlo.negate %a : tensor<4xindex>", "element type index"),
    "token": ("%0 = stablehlo.negate %a : !stablehlo.token", "unsupported type !stablehlo.token"),
    "tuple": ("%0 = stablehlo.negate %a : tuple<tensor<f32>>", "unsupported type tuple"),
    "accuracy": (
        "%0 = stablehlo.exponential %a {result_accuracy = #stablehlo.result_accuracy<mode = "
        "#stablehlo.result_accuracy_mode<HIGHEST>>} : tensor<4x8xf32>",
        "3:8: unsupported attribute result_accuracy of exponential",
    ),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_refused_by_name(name: str) -> None:
    line, message = UNSUPPORTED[name]
    with pytest.raises(UnsupportedError) as e:
        parse(wrap(line), "f.mlir")
    assert message in str(e.value)
    assert e.value.exit_code == 4


WHOLE = {
    "empty": ("", "f.mlir:1:1: expected a module with at least one function"),
    "only a comment": ("// nothing\n", "expected a module with at least one function"),
    "no functions": ("module {\n}\n", "expected a module with at least one function"),
    "prose": ("Hello, world.", "f.mlir:1:1: expected func.func or a module, found 'Hello'"),
    "open": ("module {\n", "f.mlir:1:9: expected func.func or a module, found the end of the text"),
    "no return": ("func.func @f() {\n}\n", "f.mlir:2:1: function @f ends without a return"),
    "cut off": ("func.func @f() {\n return", "expected '}', found the end of the text"),
    "trailing": ("module {\nfunc.func @f() {\nreturn\n}\n}\nx", "f.mlir:6:1: expected the end"),
    "same name": (
        "func.func @f() {\nreturn\n}\nfunc.func @f() {\nreturn\n}",
        "two functions share a name",
    ),
    "unbalanced": ("module attributes {a = #b.c<[(]> {", "f.mlir:1:"),
    "declaration": (
        "func.func private @f(tensor<f32>) -> tensor<f32>",
        "f.mlir:1:19: unsupported function @f without a body",
    ),
    "blocks": (
        "func.func @f() {\n return\n^bb1:\n return\n}",
        "f.mlir:3:1: unsupported control flow between blocks",
    ),
    "mesh": ("module {\nsdy.mesh @m = <[]>\n}", "f.mlir:2:1: unsupported op sdy.mesh"),
    "recursion": ("func.func @f() {\n call @f() : () -> ()\n return\n}", "@f calls itself"),
    "result types": (
        "func.func @f(%a: tensor<f32>) -> tensor<f64> {\n return %a : tensor<f32>\n}",
        "f.mlir:2:2: @f returns (tensor<f32>), its type says (tensor<f64>)",
    ),
    "alias of itself": ("!t = !t\n", "f.mlir:1:6: unsupported type !t"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_texts(name: str) -> None:
    text, message = WHOLE[name]
    with pytest.raises(AssayError) as e:
        parse(text, "f.mlir")
    assert message in str(e.value)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 200_000,
        "[" * 200_000,
        "{" * 200_000,
        "module attributes {a = " + "[" * 200_000,
        "module attributes {a = " + "{b = " * 100_000,
        "module attributes {a = #x.y" + "<" * 200_000,
        "func.func @f() {\n%0 = stablehlo.constant dense<" + "[" * 200_000,
        "func.func @f() {\n%0 = stablehlo.constant dense<" + "[" * 200_000 + "> : tensor<2xf32>",
        "func.func @f() {\n" + '"stablehlo.reduce"() ({' * 50_000,
        "dense<" * 100_000,
        '\\"' * 100_000,
        '"' * 100_001,
        "//" * 100_000,
        "%" * 100_000,
        "-" * 100_000,
        "\n" * 200_000,
        "tensor<" + "1x" * 200_000,
        "".join(f"#a{i + 1} = [#a{i}, #a{i}]\n" for i in range(60)).replace(
            "[#a0, #a0]", "[1, 2]", 1
        ),
    ],
    ids=range(18),
)
def test_hostile_texts_end_quickly_in_one_line(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(AssayError) as e:
        parse(text)
    assert len(str(e.value)) < 300
    assert "\n" not in str(e.value)
    assert time.perf_counter() - start < 5


def test_any_string_gives_an_error_of_ours() -> None:
    rng = random.Random(7)
    good = wrap("%0 = stablehlo.transpose %a, dims = [1, 0] : (tensor<4x8xf32>) -> tensor<8x4xf32>")
    pieces = ["%0", "dense<", "tensor<4xf32>", "{", "}", "<", ">", "(", '"', "@", "#", "1.0e", "é"]
    for _ in range(1500):
        chars = list(good)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(chars))
            chars[at : at + rng.randint(0, 4)] = rng.choice([chr(rng.randrange(1, 300)), *pieces])
        text = "".join(chars)
        try:
            parse(text)
        except AssayError as e:
            assert "\n" not in str(e)  # noqa: PT017
    for _ in range(300):
        with pytest.raises(AssayError):
            parse("".join(chr(rng.randrange(0x2000)) for _ in range(200)))
