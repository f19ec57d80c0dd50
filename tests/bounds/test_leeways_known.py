"""Leeways for what compilers are known to compute otherwise: where they are open, and where not."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.contract import allow
from compiler.ir import Array
from compiler.text import parse
from verify.bounds import enclose
from verify.bounds.leeway import LEEWAYS, concerned


def errors(text: str, leeway: str, *inputs: Array) -> list[float]:
    """What ``leeway`` adds to the errors of the first output; inf for what was decided without."""
    module = parse(f"func.func @main{text}")
    plain, more = (enclose(module, inputs, leeways=frozenset(names))[0] for names in ([], [leeway]))
    without = np.zeros(plain.type.shape) if plain.error is None else plain.error
    error = without if more.error is None else more.error
    added = np.where(np.isinf(without), 0.0, error - np.where(np.isinf(without), 0.0, without))
    return [float(x) for x in added.ravel()]


def test_numbers_that_are_rounded_twice() -> None:
    text = """(%a: tensor<4xf64>) -> tensor<4xf16> {
      %0 = stablehlo.convert %a : (tensor<4xf64>) -> tensor<4xf16>
      return %0 : tensor<4xf16> }"""
    x = np.array([2 + 2**-10 + 2**-40, 2 + 2**-10, 2.5, np.nan])
    assert errors(text, "rounds-twice", x) == [2**-9, 0, 0, 0]


@pytest.mark.parametrize("op", ["power", "broadcast_power"])
def test_exponents_of_more_than_six_bits(op: str) -> None:
    dialect = "chlo" if op.startswith("broadcast") else "stablehlo"
    text = f"""(%a: tensor<2xi8>, %b: tensor<2xi8>) -> tensor<2xi8> {{
      %0 = "{dialect}.{op}"(%a, %b) : (tensor<2xi8>, tensor<2xi8>) -> tensor<2xi8>
      return %0 : tensor<2xi8> }}"""
    found = errors(text, "large-exponent", np.zeros(2, np.int8), np.array([63, 64], np.int8))
    assert found == [0, np.inf]
    name = op if dialect == "stablehlo" else f"chlo.{op}"
    assert "large-exponent" in concerned(LEEWAYS, frozenset({name}))


def test_sums_of_a_convolution_that_wrap() -> None:
    text = """(%a: tensor<1x2x1xi8>, %b: tensor<1x1x1xi8>) -> tensor<1x2x1xi8> {
      %0 = stablehlo.convolution(%a, %b) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f],
        window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
        : (tensor<1x2x1xi8>, tensor<1x1x1xi8>) -> tensor<1x2x1xi8>
      return %0 : tensor<1x2x1xi8> }"""
    x, y = np.array([[[-8], [8]]], np.int8), np.full((1, 1, 1), 16, np.int8)
    assert errors(text, "saturating-convolution", x, y) == [0, np.inf]
    assert errors(text, "negative-padding", x, y) == [0, 0]
    cut = text.replace("window = {}", "window = {pad = [[-1, 1]]}")
    assert errors(cut, "negative-padding", x, y) == [np.inf, np.inf]


@pytest.mark.parametrize(("start", "expected"), [(127, 0), (128, np.inf)])
def test_unsigned_starts(start: int, expected: float) -> None:
    text = """(%a: tensor<1xi8>, %i: tensor<ui8>) -> tensor<1xi8> {
      %0 = stablehlo.dynamic_update_slice %a, %a, %i
        : (tensor<1xi8>, tensor<1xi8>, tensor<ui8>) -> tensor<1xi8>
      return %0 : tensor<1xi8> }"""
    x, i = np.zeros(1, np.int8), np.array(start, np.uint8)
    assert errors(text, "unsigned-start", x, i) == [expected]
    text = """(%a: tensor<2xi8>, %i: tensor<1xui8>) -> tensor<i8> {
      %0 = "stablehlo.gather"(%a, %i) {dimension_numbers = #stablehlo.gather<
          collapsed_slice_dims = [0], start_index_map = [0]>, slice_sizes = array<i64: 1>}
        : (tensor<2xi8>, tensor<1xui8>) -> tensor<i8>
      return %0 : tensor<i8> }"""
    assert errors(text, "unsigned-start", np.zeros(2, np.int8), i.reshape(1)) == [expected]


@pytest.mark.parametrize(("start", "expected"), [(-1, np.inf), (0, 0), (1, 0), (2, np.inf)])
def test_slices_that_start_out_of_bounds(start: int, expected: float) -> None:
    text = """(%a: tensor<3xi8>, %i: tensor<i32>) -> tensor<2xi8> {
      %0 = stablehlo.dynamic_slice %a, %i, sizes = [2] : (tensor<3xi8>, tensor<i32>) -> tensor<2xi8>
      return %0 : tensor<2xi8> }"""
    found = errors(text, "clamped-slice", np.zeros(3, np.int8), np.array(start, np.int32))
    assert found == [expected] * 2


@pytest.mark.parametrize(
    ("dtype", "size", "start", "expected"),
    [
        ("i8", 128, 0, 0),
        ("i8", 129, 0, np.inf),  # 128 wraps to -128
        ("ui8", 129, 255, 0),
        ("ui8", 300, 43, 0),  # 299 wraps to 43
        ("ui8", 300, 44, np.inf),
    ],
)
def test_bounds_that_wrap_in_the_type_of_starts(
    dtype: str, size: int, start: int, expected: float
) -> None:
    t = f"tensor<{size}xi8>"
    text = f"""(%a: {t}, %b: tensor<1xi8>, %i: tensor<{dtype}>) -> {t} {{
      %0 = stablehlo.dynamic_update_slice %a, %b, %i : ({t}, tensor<1xi8>, tensor<{dtype}>) -> {t}
      return %0 : {t} }}"""
    i = np.array(start, np.uint8 if dtype == "ui8" else np.int8)
    found = errors(text, "wrapped-bound", np.zeros(size, np.int8), np.zeros(1, np.int8), i)
    assert found == [expected] * size


def test_powers_of_powers_of_two() -> None:
    text = """(%a: tensor<5xf32>, %b: tensor<5xf32>) -> tensor<5xf32> {
      %0 = stablehlo.power %a, %b : tensor<5xf32>
      return %0 : tensor<5xf32> }"""
    x, y = (
        np.array([1024, 2**-10, 1000, 16, 2.0**70], "f"),
        np.array([9.5, -9.5, 9.5, 9.5, 1.5], "f"),
    )
    found = errors(text, "power-of-power-of-two", x, y)
    assert found[0] == found[1] == pytest.approx(2.0**95 * 95 * np.log(2) * 2**-24, rel=1e-4)
    assert found[2:] == [0, 0, 0]
    y = np.array([-np.inf, np.inf, np.nan, 0, 0], "f")
    assert errors(text, "power-of-power-of-two", x, y) == [0, 0, 0, 0, 0]


def test_what_is_undecided_stays_so() -> None:
    text = """func.func @main(%a: tensor<f32>, %b: tensor<f32>) -> tensor<f32> {
      %0 = stablehlo.divide %a, %b : tensor<f32>
      %1 = chlo.erf_inv %0 : tensor<f32> -> tensor<f32>
      return %1 : tensor<f32> }"""
    contract, leeways = allow("arcp", "reassoc", flush=True), frozenset({"imprecise-erf-inv"})
    (e,) = enclose(parse(text), [np.float32(1), np.float32(1e-40)], contract, leeways)
    assert e.error == np.inf


@pytest.mark.parametrize(("dtype", "expected"), [("ui8", [np.inf]), ("i8", [0])])
def test_loops_that_count_down(dtype: str, expected: list[float]) -> None:
    t = f"tensor<{dtype}>"
    text = f"""(%a: {t}) -> {t} {{
      %0 = stablehlo.constant dense<0> : {t}
      %1 = stablehlo.while(%i = %a) : {t}
      cond {{
        %2 = stablehlo.compare GT, %i, %0 : ({t}, {t}) -> tensor<i1>
        stablehlo.return %2 : tensor<i1>
      }} do {{
        %2 = stablehlo.constant dense<1> : {t}
        %3 = stablehlo.subtract %i, %2 : {t}
        stablehlo.return %3 : {t}
      }}
      return %1 : {t} }}"""
    x = np.array(2, np.uint8 if dtype == "ui8" else np.int8)
    assert errors(text, "unsigned-countdown", x) == expected


def test_matrices_without_a_decomposition() -> None:
    text = """(%a: tensor<2x2x2xf32>) -> tensor<2x2x2xf32> {
      %0 = stablehlo.cholesky %a, lower = true : tensor<2x2x2xf32>
      return %0 : tensor<2x2x2xf32> }"""
    x = np.array([[[1, 0], [0, 1]], [[1, 2], [2, 1]]], np.float32)
    found = errors(text, "indefinite-cholesky", x)
    assert found[:4] == [0, 0, 0, 0]
    assert found[4] == np.inf


@pytest.mark.parametrize(("dtype", "expected"), [("f32", np.inf), ("f64", 0)])
def test_the_exponential_of_nan(dtype: str, expected: float) -> None:
    text = f"""(%a: tensor<2x{dtype}>) -> tensor<2x{dtype}> {{
      %0 = stablehlo.exponential %a : tensor<2x{dtype}>
      return %0 : tensor<2x{dtype}> }}"""
    x = np.array([1, np.nan], np.dtype(dtype.replace("f", "float")))
    assert errors(text, "nan-exponential", x) == [0, expected]


def test_what_zeros_do_not_mask() -> None:
    text = """(%a: tensor<2x2xf32>, %b: tensor<2x2xf32>) -> tensor<1x2xf32> {
      %0 = stablehlo.convolution(%a, %b) dim_numbers = [b, f]x[i, o]->[b, f], window = {}
        {batch_group_count = 2 : i64, feature_group_count = 1 : i64}
        : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
      return %0 : tensor<1x2xf32> }"""
    x = np.ones((2, 2), np.float32)
    assert errors(text, "masked-convolution", x, x) == [0, 0]
    assert errors(text, "masked-convolution", x, np.array([[1, np.inf], [1, 1]], "f")) != [0, 0]


@pytest.mark.parametrize(("x", "expected"), [((0, 1, 2), 0), ((0, 1, 1), np.inf)])
def test_elements_that_select_cannot_tell(x: tuple[int, ...], expected: float) -> None:
    text = """(%a: tensor<3xi8>, %s: tensor<3xi8>, %i: tensor<i8>) -> tensor<3xi8> {
      %0 = "stablehlo.select_and_scatter"(%a, %s, %i) ({
        ^bb0(%x: tensor<i8>, %y: tensor<i8>):
          %1 = stablehlo.compare GE, %x, %y : (tensor<i8>, tensor<i8>) -> tensor<i1>
          stablehlo.return %1 : tensor<i1>
        }, {
        ^bb0(%x: tensor<i8>, %y: tensor<i8>):
          %1 = stablehlo.add %x, %y : tensor<i8>
          stablehlo.return %1 : tensor<i8>
        }) {window_dimensions = array<i64: 2>, padding = dense<[[0, 1]]> : tensor<1x2xi64>}
        : (tensor<3xi8>, tensor<3xi8>, tensor<i8>) -> tensor<3xi8>
      return %0 : tensor<3xi8> }"""
    i8 = np.int8
    found = errors(text, "select-ties", np.array(x, i8), np.ones(3, i8), np.zeros((), i8))
    assert found == [expected] * 3


@pytest.mark.parametrize(("other", "expected"), [(1, np.inf), (2, 0)])
def test_scatters_into_what_may_be_one_value(other: int, expected: float) -> None:
    text = """(%a: tensor<i8>, %b: tensor<i8>, %i: tensor<0xi32>) -> (tensor<i8>, tensor<i8>) {
      %0:2 = "stablehlo.scatter"(%a, %b, %i, %a, %a) ({
        ^bb0(%p: tensor<i8>, %q: tensor<i8>, %r: tensor<i8>, %s: tensor<i8>):
          stablehlo.return %r, %q : tensor<i8>, tensor<i8>
        }) {scatter_dimension_numbers = #stablehlo.scatter<>}
        : (tensor<i8>, tensor<i8>, tensor<0xi32>, tensor<i8>, tensor<i8>)
          -> (tensor<i8>, tensor<i8>)
      return %0#0, %0#1 : tensor<i8>, tensor<i8> }"""
    x, y = np.array(1, np.int8), np.array(other, np.int8)
    assert errors(text, "shared-scatter", x, y, np.zeros(0, np.int32)) == [expected]


def test_zeta_outside_of_its_domain() -> None:
    text = """(%a: tensor<5xf32>, %b: tensor<5xf32>) -> tensor<5xf32> {
      %0 = chlo.zeta %a, %b : tensor<5xf32>, tensor<5xf32> -> tensor<5xf32>
      return %0 : tensor<5xf32> }"""
    x = np.array([2, 1, 2, 2, 3], np.float32)
    q = np.array([1, 1, 0, np.inf, 1e13], np.float32)
    assert errors(text, "zeta-domain", x, q) == [0, *[np.inf] * 4]


def test_the_inverse_error_function_near_one() -> None:
    text = """(%a: tensor<3xf32>) -> tensor<3xf32> {
      %0 = chlo.erf_inv %a : tensor<3xf32> -> tensor<3xf32>
      return %0 : tensor<3xf32> }"""
    x = np.array([0.5, 1 - 2**-12, 1], np.float32)
    half, near, end = errors(text, "imprecise-erf-inv", x)
    assert half < 2**-24
    assert 2**-14 > near > 2**-15
    assert end == 0  # infinity has no neighbourhood


def test_a_reduction_of_what_is_open_is_open() -> None:
    text = """(%a: tensor<1xf32>, %i: tensor<f32>) -> tensor<f32> {
      %0 = stablehlo.reduce(%a init: %i) applies stablehlo.maximum across dimensions = []
        : (tensor<1xf32>, tensor<f32>) -> tensor<1xf32>
      %1 = stablehlo.reduce(%0 init: %i) applies stablehlo.maximum across dimensions = [0]
        : (tensor<1xf32>, tensor<f32>) -> tensor<f32>
      return %1 : tensor<f32> }"""
    x = np.zeros(1, np.float32)
    assert errors(text, "reduce-schedule", x, np.float32(np.nan)) == [np.inf]
    assert errors(text, "reduce-schedule", x, np.float32(-np.inf)) == [0]


def test_logarithms_of_powers() -> None:
    text = """(%a: tensor<6xf32>, %b: tensor<6xf32>) -> tensor<6xf32> {
      %0 = stablehlo.power %a, %b : tensor<6xf32>
      return %0 : tensor<6xf32> }"""
    x, y = np.array([2, -2, 0, 1, 10, 10], "f"), np.array([0.5, 2, 0, np.inf, 40, -40], "f")
    assert errors(text, "logarithm-of-power", x, y) == [0, *[np.inf] * 5]


def test_exponents_that_are_rounded() -> None:
    text = """(%a: tensor<3xf32>) -> tensor<3xf32> {
      %0 = stablehlo.exponential %a : tensor<3xf32>
      return %0 : tensor<3xf32> }"""
    zero, much, endless = errors(text, "rounded-exponent", np.array([0, -40, np.inf], "f"))
    assert (zero, endless) == (0, 0)
    assert much == pytest.approx(np.exp(-40) * 80 * 2**-24, rel=1e-4)
    text = """(%a: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<3xf32> {
      %0 = stablehlo.power %a, %b : tensor<3xf32>
      return %0 : tensor<3xf32> }"""
    x, y = np.array([0, np.inf, 2], "f"), np.array([0, 0, 0], "f")
    assert errors(text, "rounded-exponent", x, y) == [np.inf, np.inf, 0]


@pytest.mark.parametrize(("last", "lost"), [(1, np.inf), (2, 0)])
def test_products_by_what_may_be_a_mask(last: int, lost: float) -> None:
    text = """(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
      %0 = stablehlo.multiply %a, %b : tensor<4xf32>
      return %0 : tensor<4xf32> }"""
    x, mask = np.array([np.nan, np.inf, 3, np.nan], "f"), np.array([0, 0, 0, last], "f")
    assert errors(text, "masked-product", x, mask) == [lost, lost, 0, 0]
    assert errors(text, "masked-product", mask, x) == [lost, lost, 0, 0]


@pytest.mark.parametrize(("op", "lost"), [("multiply", True), ("add", False)])
def test_roots_of_squares(op: str, lost: bool) -> None:
    text = f"""func.func @main(%a: tensor<4xf32>) -> tensor<4xf32> {{
      %0 = stablehlo.{op} %a, %a : tensor<4xf32>
      %1 = stablehlo.sqrt %0 : tensor<4xf32>
      return %1 : tensor<4xf32> }}"""
    x, leeways = np.array([0, 1, 1e-20, 1e30], "f"), frozenset({"rooted-square"})
    (e,) = enclose(parse(text), [x], allow("reassoc"), leeways)
    found = np.zeros(4) if e.error is None else e.error
    assert list(np.isinf(found)) == [False, False, lost, lost]


def test_quotients_that_are_multiplied_out() -> None:
    text = """func.func @main(%a: tensor<3xf64>) -> tensor<3xf64> {
      %0 = stablehlo.divide %a, %a : tensor<3xf64>
      %1 = stablehlo.divide %a, %0 : tensor<3xf64>
      return %1 : tensor<3xf64> }"""
    for size, lost in ((1e100, False), (1e200, True), (1e-200, True)):
        x = np.array([size, 0, size])
        contract, leeways = allow("reassoc", "arcp"), frozenset({"multiplied-quotient"})
        (e,) = enclose(parse(text), [np.where(x == 0, 1.0, x)], contract, leeways)
        assert e.error is not None
        assert [bool(z) for z in np.isinf(e.error)] == [lost, False, lost]
