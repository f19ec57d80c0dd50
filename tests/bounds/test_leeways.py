"""Where leeways leave a result open, and where they must not."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.dtypes import by_name
from compiler.ir import Array
from compiler.text import parse
from verify.bounds import Enclosure, enclose
from verify.bounds.leeway import LEEWAYS, concerned

I8 = np.iinfo(np.int8)


def enclosed(text: str, leeway: str, *inputs: Array) -> tuple[Enclosure, ...]:
    return enclose(parse(text), inputs, leeways=frozenset({leeway}))


def open_of(e: Enclosure) -> list[bool]:
    error = np.zeros(e.type.shape) if e.error is None else e.error
    return [bool(x) for x in np.ravel(error == np.inf)]


def elementwise(op: str, leeway: str, *inputs: Array, result: str = "") -> list[bool]:
    """The elements that ``leeway`` leaves open of ``op``; nothing is open without it."""
    names = {"int8": "i8", "uint8": "ui8", "bool": "i1", "float32": "f32"}
    types = [f"tensor<{x.size}x{names[x.dtype.name]}>" for x in inputs]
    to = result or types[0]
    params = ", ".join(f"%{k}: {t}" for k, t in enumerate(types))
    uses = ", ".join(f"%{k}" for k in range(len(types)))
    text = f"""func.func @main({params}) -> {to} {{
      %r = "stablehlo.{op}"({uses}) : ({", ".join(types)}) -> {to}
      return %r : {to}
    }}"""
    assert not any(open_of(enclose(parse(text), inputs)[0]))
    return open_of(enclosed(text, leeway, *inputs)[0])


def i8(*values: int) -> Array:
    return np.array(values, np.int8)


def u8(*values: int) -> Array:
    return np.array(values, np.uint8)


@pytest.mark.parametrize(
    ("types", "expected"),
    [("i8 i8 i8", False), ("i8 f32 f32", True), ("f32 f16 f16", False), ("f16 f64 f16", True)],
)
def test_products_of_two_types(types: str, expected: bool) -> None:
    x, y, to = types.split()
    text = f"""func.func @main(%a: tensor<{x}>, %b: tensor<{y}>) -> tensor<{to}> {{
      %0 = stablehlo.dot_general %a, %b, contracting_dims = [] x []
        : (tensor<{x}>, tensor<{y}>) -> tensor<{to}>
      return %0 : tensor<{to}>
    }}"""
    (e,) = enclosed(text, "mixed-product", *(np.ones((), by_name(t).numpy) for t in (x, y)))
    assert open_of(e) == [expected]


@pytest.mark.parametrize("op", ["divide", "remainder"])
def test_division_that_overflows(op: str) -> None:
    found = elementwise(op, "integer-division", i8(1, 0, I8.min, I8.min), i8(0, 5, -1, 1))
    assert found == [True, False, True, False]
    assert elementwise(op, "integer-division", u8(0, 255), u8(255, 0)) == [False, True]
    x = np.ones(1, np.float32)
    assert elementwise(op, "integer-division", x, 0 * x) == [False]


def test_powers() -> None:
    found = elementwise("power", "integer-power", i8(2, 2, -2, 2, 1), i8(6, 7, 3, -1, 100))
    assert found == [False, True, False, True, False]
    assert elementwise("power", "integer-power", u8(2, 2, 3), u8(7, 8, 200)) == [False, True, True]


def test_conversion_to_integers() -> None:
    x = np.array([-128.9, -129, 127.9, 128, np.nan, np.inf, 0.5], np.float32)
    found = elementwise("convert", "float-to-integer", x, result="tensor<7xi8>")
    assert found == [False, True, False, True, True, True, False]
    x = np.array([-0.9, -1, 255.9, 256], np.float32)
    found = elementwise("convert", "float-to-integer", x, result="tensor<4xui8>")
    assert found == [False, True, False, True]


@pytest.mark.parametrize("op", ["shift_left", "shift_right_arithmetic", "shift_right_logical"])
def test_shifts(op: str) -> None:
    found = elementwise(op, "shift-past-width", i8(1, 1, 1), i8(7, 8, -1))
    assert found == [False, True, True]


def test_overflow_of_squares_and_absolute_values() -> None:
    assert elementwise("abs", "signed-overflow", i8(I8.min, I8.max)) == [True, False]
    assert elementwise("multiply", "signed-overflow", i8(12), i8(12)) == [False]
    square = """func.func @main(%x: tensor<4xi8>) -> tensor<4xi8> {
      %0 = stablehlo.multiply %x, %x : tensor<4xi8>
      return %0 : tensor<4xi8>
    }"""
    (e,) = enclosed(square, "signed-overflow", i8(11, 12, -11, -12))
    assert open_of(e) == [False, True, False, True]


def test_sums_of_booleans_and_leading_zeros() -> None:
    x, y = np.array([0, 0, 1, 1], bool), np.array([0, 1, 0, 1], bool)
    assert elementwise("add", "i1-sum", x, y) == [False, False, False, True]
    low, x, high = np.indices((2, 2, 2)).astype(bool).reshape(3, 8)
    found = elementwise("clamp", "i1-clamp", low, x, high)
    assert found == [False, True, False, False, False, False, True, False]
    found = elementwise("count_leading_zeros", "negative-leading-zeros", i8(-1, 0, 1))
    assert found == [True, False, False]


def test_an_angle_near_zero() -> None:
    x = np.array([0, 1e-40, 1e-38, 2e-38], np.float32)
    assert elementwise("atan2", "atan2-near-zero", x, 0 * x) == [True, True, True, False]


@pytest.mark.parametrize("op", ["lgamma", "digamma"])
@pytest.mark.parametrize(("name", "unit"), [("f64", 2**-53), ("f32", 2**-24), ("bf16", 2**-24)])
def test_gamma_functions_get_an_absolute_error_above_zero(op: str, name: str, unit: float) -> None:
    x = np.array([1.5, -1.5], by_name(name).numpy)
    text = f"""func.func @main(%x: tensor<2x{name}>) -> tensor<2x{name}> {{
      %0 = chlo.{op} %x : tensor<2x{name}> -> tensor<2x{name}>
      return %0 : tensor<2x{name}>
    }}"""
    (wide,), (own,) = enclosed(text, "imprecise-gamma", x), enclose(parse(text), [x])
    assert wide.error is not None
    assert own.error is not None
    more = np.asarray(wide.error - own.error, np.float64)
    assert more == pytest.approx([64 * unit, 0], rel=1e-3)


def test_what_is_open_stays_open_in_what_is_made_of_it() -> None:
    text = """func.func @main(%x: tensor<2xi8>, %y: tensor<2xi8>) -> (tensor<2xi8>, tensor<2xf32>) {
      %0 = stablehlo.divide %x, %y : tensor<2xi8>
      %1 = stablehlo.negate %0 : tensor<2xi8>
      %2 = stablehlo.convert %1 : (tensor<2xi8>) -> tensor<2xf32>
      return %1, %2 : tensor<2xi8>, tensor<2xf32>
    }"""
    for e in enclosed(text, "integer-division", i8(1, 1), i8(0, 1)):
        assert open_of(e) == [True, False]


def reduction(op: str, x: Array, init: int) -> list[bool]:
    text = f"""func.func @main(%x: tensor<{x.shape[0]}x{x.shape[1]}xi8>, %i: tensor<i8>)
        -> tensor<{x.shape[0]}xi8> {{
      %0 = stablehlo.reduce(%x init: %i) applies stablehlo.{op} across dimensions = [1]
        : (tensor<{x.shape[0]}x{x.shape[1]}xi8>, tensor<i8>) -> tensor<{x.shape[0]}xi8>
      return %0 : tensor<{x.shape[0]}xi8>
    }}"""
    return open_of(enclosed(text, "reduce-schedule", x, np.array(init, np.int8))[0])


def test_the_init_of_a_plain_reduction() -> None:
    x = np.array([[1, 2], [3, -4]], np.int8)
    assert reduction("add", x, 0) == reduction("multiply", x, 1) == [False, False]
    assert reduction("add", x, 1) == reduction("multiply", x, 0) == [True, True]
    assert reduction("maximum", x, 2) == [False, False]
    assert reduction("maximum", x, 3) == [True, False]
    assert reduction("minimum", x, 0) == [True, False]
    empty = np.zeros((1, 0), np.int8)
    assert reduction("add", empty, 1) == [True]  # the init may be there twice
    assert reduction("maximum", empty, 1) == [False]


BODIES = {
    "stablehlo.subtract %a, %b": True,
    "stablehlo.shift_left %a, %b": True,
    "stablehlo.power %a, %b": True,
    "stablehlo.clamp %a, %b, %a": True,  # the right one: associative, but no init is neutral
    "stablehlo.not %a": True,
}


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_no_monoid(body: str) -> None:
    text = f"""func.func @main(%x: tensor<3xi8>, %i: tensor<i8>) -> tensor<i8> {{
      %0 = stablehlo.reduce(%x init: %i) across dimensions = [0]
        : (tensor<3xi8>, tensor<i8>) -> tensor<i8>
        reducer(%a: tensor<i8>, %b: tensor<i8>) {{
          %1 = {body} : tensor<i8>
          stablehlo.return %1 : tensor<i8>
        }}
      return %0 : tensor<i8>
    }}"""
    assert open_of(enclosed(text, "reduce-schedule", i8(3, 1, 2), i8(0)[0])[0]) == [True]


def test_a_largest_value_with_its_place_is_a_monoid() -> None:
    text = """func.func @main(%x: tensor<4xi8>, %n: tensor<4xi8>, %i: tensor<i8>, %m: tensor<i8>)
        -> (tensor<i8>, tensor<i8>) {
      %0:2 = stablehlo.reduce(%x init: %i), (%n init: %m) across dimensions = [0]
        : (tensor<4xi8>, tensor<4xi8>, tensor<i8>, tensor<i8>) -> (tensor<i8>, tensor<i8>)
        reducer(%a: tensor<i8>, %b: tensor<i8>) (%p: tensor<i8>, %q: tensor<i8>) {
          %1 = stablehlo.compare GT, %a, %b : (tensor<i8>, tensor<i8>) -> tensor<i1>
          %2 = stablehlo.compare EQ, %a, %b : (tensor<i8>, tensor<i8>) -> tensor<i1>
          %3 = stablehlo.compare LT, %p, %q : (tensor<i8>, tensor<i8>) -> tensor<i1>
          %4 = stablehlo.and %2, %3 : tensor<i1>
          %5 = stablehlo.or %1, %4 : tensor<i1>
          %6 = stablehlo.select %5, %a, %b : tensor<i1>, tensor<i8>
          %7 = stablehlo.select %5, %p, %q : tensor<i1>, tensor<i8>
          stablehlo.return %6, %7 : tensor<i8>, tensor<i8>
        }
      return %0#0, %0#1 : tensor<i8>, tensor<i8>
    }"""
    x, places = i8(3, 7, 7, -2), i8(0, 1, 2, 3)
    for init, expected in ((I8.min, False), (7, True)):
        inputs = [x, places, np.array(init, np.int8), np.array(0 if expected else 127, np.int8)]
        found = enclosed(text, "reduce-schedule", *inputs)
        assert [open_of(e) for e in found] == [[expected]] * 2


def test_only_leeways_of_ops_in_the_program_are_asked() -> None:
    asked = concerned(sorted(LEEWAYS), frozenset({"shift_left", "add"}))
    assert asked == ["i1-sum", "shift-past-width"]
