"""Hand-made cases: what must be exact, what must be open, and how large an error may be at most."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np
import pytest

from compiler.build import Builder
from compiler.contract import EXACT, Contract, Precision, allow
from compiler.dtypes import BF16, F16, F32, FLOATS, I1, I32, DType, from_numpy
from compiler.errors import InputError
from compiler.ir import Array, Graph, Module, TensorType, module
from compiler.ops import OPS
from compiler.text import parse
from verify.bounds import BOUNDS, Enclosure, enclose
from verify.oracle import judge
from verify.ref import evaluate


def types_of(arrays: Sequence[Array]) -> list[TensorType]:
    return [TensorType(x.shape, from_numpy(x.dtype)) for x in arrays]


def one(
    op: str,
    *inputs: Array,
    contract: Contract = EXACT,
    result: TensorType | None = None,
    regions: Sequence[Graph] = (),
    **attrs: object,
) -> Enclosure:
    """The enclosure of one op on exact inputs."""
    b = Builder(types_of(inputs))
    stated = None if result is None else [result]
    out = b.emit(op, list(range(len(inputs))), types=stated, regions=regions, **attrs)
    return enclose(module(b.graph([out])), list(inputs), contract)[0]


def body(op: str, d: DType) -> Graph:
    b = Builder([TensorType((), d)] * 2)
    return b.graph([b.emit(op, [0, 1])])


def chain(steps: Sequence[tuple[str, tuple[int, ...]]], inputs: Sequence[Array]) -> Module:
    """A program of ops without attributes; numbers are those of the values."""
    b = Builder(types_of(inputs))
    last = 0
    for op, operands in steps:
        last = b.emit(op, list(operands))
    return module(b.graph([last]))


def f32(*values: float) -> Array:
    return np.array(values, np.float32)


def is_exact(e: Enclosure) -> bool:
    return e.error is None or not e.error.any()


def test_every_op_has_a_bound() -> None:
    assert set(BOUNDS) == set(OPS)


@pytest.mark.parametrize("op", BOUNDS)
def test_every_rule_says_what_it_does_and_by_what_source(op: str) -> None:
    rule = BOUNDS[op]
    assert rule.__doc__
    assert "Source" in f"{rule.__doc__} {sys.modules[rule.__module__].__doc__}"


def test_inputs_are_checked() -> None:
    m = chain([("negate", (0,))], [f32(1)])
    with pytest.raises(InputError):
        enclose(m, [np.zeros(2, np.float32)])


# --- exact ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", FLOATS, ids=str)
@pytest.mark.parametrize("op", ["add", "subtract", "multiply", "divide", "remainder", "maximum"])
def test_arithmetic_on_exact_operands_is_exact(op: str, d: DType) -> None:
    rng = np.random.default_rng(1)
    x, y = (rng.normal(size=(3, 4)).astype(d.numpy) for _ in range(2))
    e = one(op, x, y)
    b = Builder(types_of([x, y]))
    m = module(b.graph([b.emit(op, [0, 1])]))
    assert is_exact(e)
    assert e.value.tobytes() == evaluate(m, [x, y])[0].tobytes()


@pytest.mark.parametrize("d", FLOATS, ids=str)
@pytest.mark.parametrize("contract", [EXACT, allow("reassoc", "contract", "arcp")], ids=str)
def test_sums_of_small_integers_are_exact_in_any_order(d: DType, contract: Contract) -> None:
    rng = np.random.default_rng(2)
    x = rng.integers(-3, 4, (4, 8)).astype(d.numpy)
    zero = np.zeros((), d.numpy)
    e = one("reduce", x, zero, contract=contract, regions=[body("add", d)], dimensions=(1,))
    assert is_exact(e)
    y = rng.integers(-2, 3, (8, 5)).astype(d.numpy)
    dims = {"lhs_contracting_dimensions": (1,), "rhs_contracting_dimensions": (0,)}
    assert is_exact(one("dot_general", x, y, contract=contract, **dims))


def test_exact_mode_ends_where_a_partial_sum_may_round() -> None:
    x = f32(2.0**24, 1.0, -(2.0**24))
    e = one("reduce", x, np.float32(0), regions=[body("add", F32)], dimensions=(0,))
    assert e.error is not None
    assert float(e.value) == 1.0
    assert float(e.error) >= 1.0  # ((2**24 + 1) - 2**24) may be 0
    quarter = np.full(64, 0.25, np.float32)
    assert is_exact(
        one("reduce", quarter, np.float32(0), regions=[body("add", F32)], dimensions=(0,))
    )


def test_matrix_chain_of_integers_is_exact_under_reassoc() -> None:
    rng = np.random.default_rng(3)
    a, b, c = (rng.integers(-2, 3, s).astype(np.float32) for s in ((2, 5), (5, 5), (5, 3)))
    builder = Builder(types_of([a, b, c]))
    dims = {"lhs_contracting_dimensions": (1,), "rhs_contracting_dimensions": (0,)}
    ab = builder.emit("dot_general", [0, 1], **dims)
    m = module(builder.graph([builder.emit("dot_general", [ab, 2], **dims)]))
    assert is_exact(enclose(m, [a, b, c], allow("reassoc"))[0])
    narrow = allow("reassoc", precision=[Precision("dot_general", "bf16")])
    assert is_exact(enclose(m, [a, b, c], narrow)[0])
    big = [x * np.float32(40) for x in (a, b, c)]  # the products leave bf16's integers
    assert is_exact(enclose(m, big, allow("reassoc"))[0])
    assert not is_exact(enclose(m, big, narrow)[0])


@pytest.mark.parametrize("op", ["sine", "tan", "tanh", "cbrt", "exponential_minus_one"])
def test_zero_goes_to_zero_with_its_sign(op: str) -> None:
    e = one(op, f32(0.0, -0.0))
    assert is_exact(e)
    assert np.signbit(e.value).tolist() == [False, True]


@pytest.mark.parametrize(
    ("op", "x", "want"),
    [
        ("exponential", -math.inf, 0.0),
        ("exponential", math.inf, math.inf),
        ("exponential", 1000.0, math.inf),
        ("log", 0.0, -math.inf),
        ("log", -1.0, math.nan),
        ("rsqrt", 0.0, math.inf),
        ("rsqrt", -0.0, -math.inf),
        ("sqrt", -1.0, math.nan),
        ("tanh", -math.inf, -1.0),
        ("sine", math.inf, math.nan),
        ("logistic", -math.inf, 0.0),
    ],
)
@pytest.mark.parametrize("d", FLOATS, ids=str)
def test_special_values_are_determined(op: str, x: float, want: float, d: DType) -> None:
    e = one(op, np.array([x]).astype(d.numpy))
    assert is_exact(e)
    assert np.array_equal(e.value.astype(np.float64), [want], equal_nan=True)


def test_sums_with_infinities_and_nan() -> None:
    def total(*values: float) -> Enclosure:
        return one(
            "reduce", f32(*values), np.float32(0), regions=[body("add", F32)], dimensions=(0,)
        )

    for values, want in (
        ((math.inf, 1.5, 0.1), math.inf),
        ((math.inf, -math.inf, 0.1), math.nan),
        ((math.nan, 1.0, 0.1), math.nan),
        ((3e38, 3e38, 3e38), math.inf),
        ((-3e38, -3e38, 0.1), -math.inf),
    ):
        e = total(*values)
        assert is_exact(e), values
        assert np.array_equal(e.value.astype(np.float64), want, equal_nan=True)
    assert total(3e38, 3e38, -3e38).undecided == 1.0  # the order decides whether it overflows


# --- open -----------------------------------------------------------------------------------------


def test_order_of_a_sum_is_open_without_a_contract() -> None:
    x = f32(1e8, 1.0, -1e8, 1.0)
    e = one("reduce", x, np.float32(0), regions=[body("add", F32)], dimensions=(0,))
    outcomes = {0.0, 1.0, 2.0}  # of different orders
    assert e.error is not None
    assert all(abs(v - float(e.value)) <= float(e.error) for v in outcomes)
    assert float(e.error) <= 3 * 2.0**-24 * 2e8 * 1.001 + 1e-6


def test_a_jump_gives_its_hull_and_says_so() -> None:
    x = f32(3.0)
    m = chain([("exponential", (0,)), ("log", (1,)), ("floor", (2,))], [x])
    (e,) = enclose(m, [x])
    assert e.hull
    assert e.error is not None
    assert e.value.tolist() == [2.5]
    assert 0.5 <= e.error[0] <= 0.5001
    verdict = judge([f32(2.0)], [e])
    assert verdict.kind in ("unstable", "identical")
    assert judge([f32(1.0)], [e]).kind == "violation"


def test_compare_and_select_on_doubtful_values() -> None:
    x = f32(3.0, 10.0)
    b = Builder(types_of([x]))
    y = b.emit("log", [b.emit("exponential", [0])])
    p = b.emit("compare", [y, 0], comparison_direction="GT")
    s = b.emit("select", [p, y, b.emit("negate", [y])])
    q = b.emit("compare", [y, b.emit("negate", [0])], comparison_direction="GT")
    doubtful, hull, sure = enclose(module(b.graph([p, s, q])), [x])
    assert doubtful.error is not None
    assert np.isinf(doubtful.error).all()
    assert hull.error is not None
    assert (hull.error >= np.abs(x)).all()
    assert is_exact(sure)


def test_booleans_absorb_doubt() -> None:
    x = f32(3.0)
    b = Builder(types_of([x]))
    y = b.emit("log", [b.emit("exponential", [0])])
    p = b.emit("compare", [y, 0], comparison_direction="GT")
    no = b.splat(TensorType((1,), I1), False)
    both, either = b.emit("and", [p, no]), b.emit("or", [p, no])
    settled, open_ = enclose(module(b.graph([both, either])), [x])
    assert is_exact(settled)
    assert open_.undecided == 1.0


def test_the_sign_of_nan_is_nobodys_business() -> None:
    x = f32(math.nan, 1.0)
    e = one("bitcast_convert", x, result=TensorType((2,), I32))
    assert e.error is not None
    assert np.isinf(e.error).tolist() == [True, False]
    e = one("compare", x, x, comparison_direction="LT", compare_type="TOTALORDER")
    assert e.error is not None
    assert np.isinf(e.error).tolist() == [True, False]


def test_undecided_stays_undecided() -> None:
    x = f32(-1e-30)
    y = chain([("exponential", (0,)), ("log", (1,)), ("log", (2,)), ("tanh", (3,))], [x])
    assert enclose(y, [x])[0].undecided == 1.0  # log of something about zero: NaN is possible


# --- contracts ------------------------------------------------------------------------------------


def test_a_single_op_stays_exact_under_reassoc() -> None:
    x, y = f32(0.1, 0.7), f32(0.3, -0.7)
    for op in ("add", "multiply", "subtract"):
        assert is_exact(one(op, x, y, contract=allow("reassoc")))
    m = chain([("add", (0, 1)), ("add", (2, 0))], [x, y])
    assert not is_exact(enclose(m, [x, y], allow("reassoc"))[0])
    assert is_exact(enclose(m, [x, y])[0])


def test_fused_multiply_add_is_inside_and_only_under_contract() -> None:
    x, y = f32(1 + 2.0**-23), f32(1 + 2.0**-22)
    m = chain([("multiply", (0, 1)), ("subtract", (2, 0))], [x, y])
    fused = np.float32(float(x[0]) * float(y[0]) - float(x[0]))[None]  # exact but for the end
    assert evaluate(m, [x, y])[0] != fused
    for contract, kind in ((EXACT, ["violation"]), (allow("contract"), ["allowed", "identical"])):
        assert judge([fused], enclose(m, [x, y], contract), contract).kind in kind


def test_reciprocal_is_inside_and_only_under_arcp() -> None:
    x, y = np.float32(5) + np.arange(64, dtype=np.float32), np.full(64, 3, np.float32)
    m = chain([("divide", (0, 1))], [x, y])
    product = x * (np.float32(1) / y)
    assert judge([product], enclose(m, [x, y])).kind == "violation"
    for contract in (allow("arcp"), allow("arcp", "reassoc")):
        assert judge([product], enclose(m, [x, y], contract), contract).kind == "allowed"
    half = np.full(64, 0.5, np.float32)
    assert is_exact(one("divide", x, half, contract=allow("arcp")))


@pytest.mark.parametrize("narrow", [BF16, F16], ids=str)
def test_narrowed_operands(narrow: DType) -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(3, 16)).astype("f"), rng.normal(size=(16, 2)).astype("f")
    dims = {"lhs_contracting_dimensions": (1,), "rhs_contracting_dimensions": (0,)}
    low = x.astype(narrow.numpy).astype("f") @ y.astype(narrow.numpy).astype("f")
    contract = allow(precision=[Precision("dot_general", narrow.name)])
    allowed = one("dot_general", x, y, contract=contract, **dims)
    assert judge([low], [allowed]).kind == "allowed"
    assert judge([low], [one("dot_general", x, y, **dims)]).kind == "violation"
    small = rng.integers(-4, 5, (3, 16)).astype("f")
    assert is_exact(one("dot_general", small, small.T.copy(), contract=contract, **dims))


def test_zero_signs_under_nsz() -> None:
    e = one("add", f32(-0.0), f32(0.0), contract=allow("nsz"))
    got = f32(-0.0)
    assert judge([got], [e], allow("nsz")).kind == "allowed"
    assert judge([got], [e]).kind == "violation"
    assert one("divide", f32(1.0), f32(0.0), contract=allow("nsz", "reassoc")).undecided == 1.0


def test_nan_and_infinity_under_nnan_ninf() -> None:
    x = f32(math.nan, math.inf, 1.0)
    e = one("negate", x, contract=allow("nnan", "ninf"))
    assert e.error is not None
    assert np.isinf(e.error).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([("exponential", (0,)), ("subtract", (2, 1))], [("exponential_minus_one", (0,))]),
        ([("add", (0, 1)), ("log", (2,))], [("log_plus_one", (0,))]),
        ([("sqrt", (0,)), ("divide", (1, 2))], [("rsqrt", (0,))]),
    ],
)
def test_functions_that_replace_expressions_under_afn(
    before: list[tuple[str, tuple[int, ...]]], after: list[tuple[str, tuple[int, ...]]]
) -> None:
    x = np.exp(np.linspace(-40, 3, 200)).astype(np.float32)
    inputs = [x, np.ones_like(x)]
    got = evaluate(chain(after, inputs), inputs)
    for contract in (allow("afn"), allow("afn", "reassoc")):
        verdict = judge(got, enclose(chain(before, inputs), inputs, contract), contract)
        assert verdict.kind in ("allowed", "identical"), str(verdict)


def test_flushed_subnormals_are_inside_only_when_asked_for() -> None:
    x = f32(1e-40, 1.0)
    m = chain([("negate", (0,))], [x])
    got = [f32(0.0, -1.0)]
    assert judge(got, enclose(m, [x])).kind == "violation"
    assert judge(got, enclose(m, [x], allow(flush=True))).kind == "allowed"


# --- structure ------------------------------------------------------------------------------------


def test_errors_travel_with_the_elements() -> None:
    x = np.linspace(0.1, 2, 6).astype(np.float32).reshape(2, 3)
    b = Builder(types_of([x]))
    y = b.emit("concatenate", [0, b.emit("tanh", [0])], dimension=0)
    t = b.emit("transpose", [y], permutation=(1, 0))
    (e,) = enclose(module(b.graph([t])), [x])
    assert e.error is not None
    assert not e.error[:, :2].any()
    assert (e.error[:, 2:] > 0).all()


def test_general_bodies_are_sequential() -> None:
    x = f32(0.5, 2.0, 0.25, 8.0)
    scalar = TensorType((), F32)
    b = Builder([scalar, scalar])
    half = b.splat(scalar, 0.5)
    region = b.graph([b.emit("add", [b.emit("multiply", [0, half]), 1])])
    e = one("reduce", x, np.float32(0), regions=[region], dimensions=(0,))
    acc = 0.0
    for v in x:
        acc = acc * 0.5 + float(v)
    assert is_exact(e)
    assert float(e.value) == acc


@pytest.mark.parametrize("shape", [(0,), (2, 0)])
def test_empty_reductions_give_init(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape, np.float32)
    init = np.float32(-0.0)
    e = one("reduce", x, init, regions=[body("add", F32)], dimensions=(len(shape) - 1,))
    assert is_exact(e)
    assert e.value.shape == shape[:-1]
    assert np.signbit(e.value).all()


@pytest.mark.parametrize("exponent", [-126, -125, 0, 125, 126])
def test_a_quotient_by_a_power_of_two_is_a_product_under_reassoc(exponent: int) -> None:
    """(x / c) * y may become (x * y) * (1 / c): where x / c overflows, that need not."""
    x, y, c = f32(4.0), f32(0.25), f32(2.0**exponent)
    b = Builder(types_of([x, y, c]))
    graph = b.graph([b.emit("multiply", [b.emit("divide", [0, 2]), 1])])
    enclosures = enclose(module(graph), [x, y, c], allow("reassoc"))
    with np.errstate(over="ignore"):
        legal = [(x / c) * y, (x * y) * (1 / c)]
    for got in legal:
        assert judge([got.astype(np.float32)], enclosures, allow("reassoc")).kind != "violation"


def test_absolute_values_of_products_are_products_under_reassoc() -> None:
    u, v, c = inputs = [f32(*(k + i / 7 for i in range(9))) for k in (-9, 1, 3)]
    products = [("multiply", (2, 0)), ("multiply", (2, 1))]
    m = chain([*products, ("abs", (3,)), ("abs", (4,)), ("multiply", (5, 6))], inputs)
    other = np.abs(u * v) * (c * c)
    assert judge([other], enclose(m, inputs, allow("reassoc")), allow("reassoc")).kind == "allowed"
    assert judge([other], enclose(m, inputs), EXACT).kind == "violation"


@pytest.mark.parametrize("op", ["multiply", "divide"])
def test_a_factor_that_is_nan_stays_nan_in_any_order(op: str) -> None:
    x, y = np.array([np.nan, 1, 0], np.float32), np.array([1, np.nan, np.nan], np.float32)
    e = one(op, x, y, contract=allow("reassoc", "arcp"))
    assert e.error is None
    assert np.isnan(e.value).all()
    loose = one("subtract", x, y, contract=allow("reassoc"))
    assert loose.undecided == 1


def test_an_inexact_exponential_that_surely_overflows() -> None:
    x = np.array([6.67], np.float16)  # of its exponential, even f64 cannot hold the exponential
    b = Builder(types_of([x]))
    made = b.emit("exponential_minus_one", [b.emit("exponential_minus_one", [0])])
    (e,) = enclose(module(b.graph([made])), [x])
    assert e.undecided == 0
    assert np.isposinf(e.value).all()


@pytest.mark.parametrize("flags", [(), ("reassoc",)])
@pytest.mark.parametrize(("op", "start"), [("add", 0), ("multiply", 1)])
def test_what_is_flushed_on_the_way_is_lost(op: str, start: int, flags: tuple[str, ...]) -> None:
    small = float(np.finfo(np.float32).tiny)
    x = np.array([1.5 * small, -small, small] if op == "add" else [1e-37, 1e-5, 1e5], np.float32)
    lost = small if op == "add" else 0.0  # of the partial results of the first two
    b = Builder([TensorType((), F32)] * 2)
    body = b.graph([b.emit(op, [0, 1])])
    init = np.array(start, np.float32)
    for contract, inside in ((allow(*flags), False), (allow(*flags, flush=True), True)):
        e = one("reduce", x, init, contract=contract, regions=[body], dimensions=(0,))
        error = np.zeros(()) if e.error is None else e.error
        assert (abs(lost - e.value) <= error) == inside


def test_a_factor_may_be_moved_into_a_normalisation_and_overflow() -> None:
    two, x = (np.full((1, 1), n, np.float16) for n in (2, 1))
    zero, one = np.zeros(1, np.float16), np.ones(1, np.float16)
    for scale, decided in ((20000, True), (40000, False)):
        inputs = [x, two, np.full(1, scale, np.float16), zero, one]
        b = Builder(types_of(inputs))
        product = b.emit("multiply", [0, 1])
        made = b.emit(
            "batch_norm_inference",
            [product, 2, 3, 3, 4],
            epsilon=np.float32(0),
            feature_index=1,
        )
        (e,) = enclose(module(b.graph([made])), inputs, allow("reassoc"))
        assert (e.undecided == 0) == decided


def test_means_whose_partial_sums_may_overflow_are_open() -> None:
    ones = np.ones(1, np.float16)
    for size, decided in ((30000, True), (40000, False)):
        x = np.array([[size], [size], [-size]], np.float16)
        b = Builder(types_of([x, ones, ones]))
        normal = b.emit("batch_norm_training", [0, 1, 2], epsilon=np.float32(0), feature_index=1)
        (mean,) = enclose(module(b.graph([normal + 1])), [x, ones, ones])
        assert (mean.undecided == 0) == decided


@pytest.mark.parametrize("op", ["add", "multiply"])
def test_an_unsure_start_is_unsure_everywhere(op: str) -> None:
    """One start for all sums: its error is that of each of them, also for what follows."""
    text = f"""func.func @main(%x: tensor<2x2xf32>, %a: tensor<f32>) -> tensor<f32> {{
      %i = stablehlo.exponential %a : tensor<f32>
      %0 = stablehlo.reduce(%x init: %i) applies stablehlo.{op} across dimensions = [0]
        : (tensor<2x2xf32>, tensor<f32>) -> tensor<2xf32>
      %1 = stablehlo.reduce(%0 init: %i) applies stablehlo.{op} across dimensions = [0]
        : (tensor<2xf32>, tensor<f32>) -> tensor<f32>
      return %1 : tensor<f32>
    }}"""
    x = np.arange(1, 5, dtype=np.float32).reshape(2, 2)
    (e,) = enclose(parse(text), [x, np.float32(1)], allow("reassoc"))
    true = 10 + 3 * math.e if op == "add" else 24 * math.e**3
    assert e.error is not None
    assert abs(float(e.value) - true) <= float(e.error) < 1e-5 * true


@pytest.mark.parametrize(("size", "known"), [(1e30, False), (1e3, True)])
def test_factors_of_a_gradient_may_meet_in_any_order(size: float, known: bool) -> None:
    """(0 * x) * x is 0; x * x may overflow first, and 0 times infinity is NaN."""
    text = """func.func @main(%x: tensor<2xf32>, %zero: tensor<2xf32>, %one: tensor<2xf32>)
        -> tensor<2xf32> {
      %0:3 = "stablehlo.batch_norm_grad"(%x, %one, %zero, %one, %zero)
        <{epsilon = 1.0 : f32, feature_index = 0 : i64}>
        : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
        -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
      return %0#0 : tensor<2xf32>
    }"""
    x = np.array([size, 1], np.float32)
    inputs = [x, np.zeros(2, np.float32), np.ones(2, np.float32)]
    (e,) = enclose(parse(text), inputs, allow("reassoc"))
    assert e.error is not None
    assert bool(np.isfinite(e.error[0])) is known
    assert np.isfinite(e.error[1])


def test_a_product_of_some_factors_of_a_gradient_may_underflow() -> None:
    """(x * x * tiny) / 255 is normal; tiny / 255 is not, and then x * x makes its error large."""
    text = """func.func @main(%x: tensor<1xf64>, %one: tensor<1xf64>, %zero: tensor<1xf64>,
        %variance: tensor<1xf64>, %tiny: tensor<1xf64>) -> tensor<1xf64> {
      %0:3 = "stablehlo.batch_norm_grad"(%x, %one, %zero, %variance, %tiny)
        <{epsilon = 1.0 : f32, feature_index = 0 : i64}>
        : (tensor<1xf64>, tensor<1xf64>, tensor<1xf64>, tensor<1xf64>, tensor<1xf64>)
        -> (tensor<1xf64>, tensor<1xf64>, tensor<1xf64>)
      return %0#0 : tensor<1xf64>
    }"""
    x, tiny = 100.0, -(2.0**-1022)
    inputs = [np.full(1, v) for v in (x, 1.0, 0.0, 254.0, tiny)]
    late = -(x * x) * (tiny / 255.0) / math.sqrt(255.0)
    early = -(x * x * tiny) / 255.0 / math.sqrt(255.0)
    assert abs(late - early) > 16 * abs(early) * 2.0**-53
    for contract, inside in ((allow("reassoc"), True), (allow(), False)):
        (e,) = enclose(parse(text), inputs, contract)
        assert e.error is not None
        assert (abs(late - e.value[0]) <= e.error[0]) == inside
        assert abs(early - e.value[0]) <= e.error[0]


def test_divisors_of_a_gradient_may_be_multiplied_and_overflow() -> None:
    text = """func.func @main(%x: tensor<2xf32>, %zero: tensor<2xf32>, %one: tensor<2xf32>,
        %variance: tensor<2xf32>) -> tensor<2xf32> {
      %0:3 = "stablehlo.batch_norm_grad"(%x, %one, %zero, %variance, %one)
        <{epsilon = 1.0 : f32, feature_index = 0 : i64}>
        : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
        -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
      return %0#0 : tensor<2xf32>
    }"""
    zero, one = np.zeros(2, np.float32), np.ones(2, np.float32)
    inputs = [one, zero, one, np.array([1e30, 1.0], np.float32)]
    (e,) = enclose(parse(text), inputs, allow("reassoc", "arcp"))
    assert e.error is not None
    assert list(np.isfinite(e.error)) == [False, True]


def test_an_unknown_that_underflows_is_multiplied_by_what_is_large() -> None:
    """1e-27 / 1e19 is 0 in f32; times 1e18 / 1e-14 it would not be."""
    text = """func.func @main(%a: tensor<2x2xf32>, %b: tensor<2x1xf32>) -> tensor<2x1xf32> {
      %0 = "stablehlo.triangular_solve"(%a, %b) <{left_side = true, lower = true,
        transpose_a = #stablehlo<transpose NO_TRANSPOSE>, unit_diagonal = false}>
        : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>
      return %0 : tensor<2x1xf32>
    }"""
    a = np.array([[1e19, 0], [1e18, 1e-14]], np.float32)
    b = np.array([[1e-27], [1e-38]], np.float32)
    (e,) = enclose(parse(text), [a, b])
    assert e.error is not None
    low, high = e.value - e.error, e.value + e.error
    rounded = b[:, 0] / np.array([1e19, 1e-14], np.float32)  # with an unknown that became 0
    exact = (float(b[1, 0]) - float(a[1, 0]) * 1e-46) / 1e-14
    assert low[1, 0] <= rounded[1] <= high[1, 0]
    assert low[1, 0] <= exact <= high[1, 0] < 1e-8


def test_products_that_underflow_have_either_sign() -> None:
    """An outer product is a multiplication, -0, or a sum that starts from 0."""
    text = """func.func @main(%x: tensor<1xf32>, %y: tensor<1xf32>) -> tensor<1x1xf32> {
      %0 = stablehlo.dot_general %x, %y, contracting_dims = [] x []
        : (tensor<1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
      return %0 : tensor<1x1xf32>
    }"""
    for y, open_ in ((1e-30, True), (1.0, False)):
        inputs = [np.full(1, -1e-30, np.float32), np.full(1, y, np.float32)]
        (e,) = enclose(parse(text), inputs, allow("reassoc"))
        assert (e.error is not None and 0 < e.error[0, 0] < 2.0**-149) == open_


def test_a_square_that_is_a_function_errs_as_functions_do() -> None:
    text = """func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = stablehlo.constant dense<2.0> : tensor<2xf32>
      %1 = stablehlo.power %x, %0 : tensor<2xf32>
      return %1 : tensor<2xf32>
    }"""
    x = np.array([3, 2.0**-70], np.float32)
    (e,) = enclose(parse(text), [x], allow("afn", "reassoc"))
    assert e.error is not None
    assert e.error[0] > 4 * 9 * 2.0**-24
    assert e.error[1] > 4 * 2.0**-149
