"""Terms, patterns, attribute values, and the matcher's corner cases."""

from __future__ import annotations

import numpy as np
import pytest
import z3

from compiler.build import Builder
from compiler.contract import EXACT
from compiler.dtypes import ALL, BF16, F16, F32, F64, I1, I8, I32, UI8, DType
from compiler.ir import TensorType, module
from compiler.pipeline import Options, optimize
from compiler.rewrite import Trace
from compiler.rules import RULES
from compiler.rules.convert import holds
from compiler.rules.greedy import RuleSet, rewrite_module
from compiler.rules.match import compile_rule
from compiler.rules.ops import add, negate, transpose
from compiler.rules.term import (
    HIGHEST,
    LOWEST,
    Invertible,
    PowerOfTwo,
    Rewrite,
    Tensor,
    Term,
    exponent_of,
    make_rule,
    scalar_bytes,
)
from compiler.rules.values import (
    Axes,
    Blank,
    Dims,
    Perm,
    Shape,
    Vec,
    all_,
    any_,
    floordiv,
    le,
    max_,
    min_,
    not_,
    same,
    where,
)
from compiler.text import parse, print_module


def test_a_pattern_holds_blanks_for_attributes() -> None:
    pattern = RULES["layout/transpose-transpose"].pattern
    outer, inner = pattern.attr("permutation"), pattern.args[0].attr("permutation")
    assert (type(outer), outer.variable) == (Blank, "q")
    assert (type(inner), inner.variable) == (Blank, "p")
    identity = RULES["layout/pad-crops"].pattern.attr("interior_padding")
    assert (type(identity), identity.variable) == (Blank, "")


def test_rules_know_where_they_stand() -> None:
    for rule in RULES.values():
        path, _, line = rule.source.rpartition(":")
        with open(path, encoding="utf-8") as file:
            assert "@rule" in file.read().splitlines()[int(line) - 1]
        assert "\n" not in rule.doc
        assert rule.name.startswith(f"{rule.family}/")


def test_a_rule_may_not_branch() -> None:
    def branches(x: Tensor, p: Perm) -> Rewrite:
        """transpose(x, p) -> x"""
        return transpose(x, p), x if p.is_identity() else transpose(x, p)

    with pytest.raises(TypeError, match="may not branch"):
        make_rule("test/branches", branches)


def test_instantiate_with_symbols() -> None:
    n = [z3.Int("n0"), z3.Int("n1")]
    lo, hi = Vec([z3.Int("a0"), z3.Int("a1")]), Vec([z3.Int("b0"), z3.Int("b1")])
    values = {"x": Tensor("x", Shape(n), F32), "lo": lo, "hi": hi, "step": Vec((1, 1))}
    _, _, guard = RULES["layout/slice-identity"].instantiate(values)
    solver = z3.Solver()
    solver.add(guard, z3.Not(z3.And(lo[0] == 0, lo[1] == 0, hi[0] == n[0], hi[1] == n[1])))
    assert solver.check() == z3.unsat


def test_guards_agree_on_integers_and_symbols() -> None:
    a, b = z3.Ints("a b")
    for x in range(-3, 4):
        for y in range(1, 4):
            at = ((a, z3.IntVal(x)), (b, z3.IntVal(y)))
            for symbol, number in (
                (floordiv(a, b), floordiv(x, y)),
                (min_(a, b), min_(x, y)),
                (max_(a, b), max_(x, y)),
                (where(a <= b, a, b), where(x <= y, x, y)),
                (all_(a <= b, True), all_(x <= y, True)),
                (any_(a <= b, False), any_(x <= y, False)),
                (not_(a <= b), not_(x <= y)),
                (le(Vec([a, b]), 2), le(Vec([x, y]), 2)),
                (same(Vec([a, b]), Vec([b, b])), same(Vec([x, y]), Vec([y, y]))),
            ):
                got = z3.simplify(z3.substitute(symbol, *at))
                want = z3.BoolVal(number) if isinstance(number, bool) else z3.IntVal(number)
                assert got.eq(want)


def test_vectors_of_different_length_are_never_the_same() -> None:
    assert same(Vec((1, 2)), Vec((1,))) is False
    with pytest.raises(ValueError, match="shorter"):
        Vec((1, 2)) + Vec((1,))


def test_axes() -> None:
    p = Perm((2, 0, 1))
    x = np.arange(24).reshape(2, 3, 4)
    assert np.array_equal(x.transpose(p).transpose((1, 2, 0)), x.transpose(p.then((1, 2, 0))))
    assert p.then(p.inverse()).is_identity()
    assert Axes((0, 2)).lift((1,), 4) == (0, 3)
    assert Dims((0, 3)).lower((1,)) == (0, 2)
    assert Dims((0, 1)).xor((1, 2)) == (0, 2)
    assert Dims((1,)).rest(3) == (0, 2)
    assert Axes((1, 0)).ascending() is False


@pytest.mark.parametrize("dtype", [d for d in ALL if d is not I1], ids=str)
def test_powers_of_two(dtype: DType) -> None:
    for exponent in PowerOfTwo.domain(dtype):
        c = PowerOfTwo(exponent, "c", (), dtype)
        assert exponent_of(c.value, dtype) == exponent
        if dtype.is_float:
            inverse = dtype.numpy.type(c.inverse)
            assert float(inverse) * float(c.value) == 1
            assert abs(float(inverse)) >= float(np.finfo(np.float32).tiny) or dtype is not F32
    three = dtype.numpy.type(3)
    assert exponent_of(three, dtype) is None
    if dtype.is_float:
        assert exponent_of(dtype.numpy.type(np.inf), dtype) is None
        assert exponent_of(dtype.numpy.type(-2), dtype) is None


def test_invertible_constants() -> None:
    assert Invertible.admits(np.float32(3), F32)
    assert Invertible.admits(np.float32(-1e-30), F32)
    for bad in (0.0, np.inf, np.nan, 1e-40, 3e38):
        assert not Invertible.admits(np.float32(bad), F32)
    assert not Invertible.admits(np.int32(3), I32)


def test_scalar_bytes() -> None:
    assert scalar_bytes(-1, UI8) == b"\xff"
    assert scalar_bytes(-0.0, I32) == bytes(4)
    assert scalar_bytes(-0.0, F32) == b"\x00\x00\x00\x80"
    assert scalar_bytes(LOWEST, I8) == b"\x80"
    assert scalar_bytes(HIGHEST, I1) == b"\x01"
    assert np.frombuffer(scalar_bytes(LOWEST, BF16), BF16.numpy)[0] == -np.inf


def _values(dtype: DType) -> np.ndarray:
    """All values of the small dtypes, edges and a sample of the large ones."""
    if dtype.bits <= 16:
        raw = np.arange(2 ** max(dtype.bits, 1))
        whole = f"u{max(dtype.bits // 8, 1)}"
        found = raw.astype(whole).view(dtype.numpy) if dtype is not I1 else raw.astype(bool)
        return found[np.isfinite(found)] if dtype.is_float else found
    if dtype.is_float:
        return np.array([0, 1, 3, 1e30, 2.0**-126, 1 + 2.0**-23, 2.0**-52 + 1], dtype.numpy)
    info = np.iinfo(dtype.numpy)
    ends = [info.min, info.max, info.max - 1, 2**24 + 1, 12345]
    return np.array(ends, dtype.numpy)


@pytest.mark.parametrize("narrow", ALL, ids=str)
def test_holds_means_that_no_value_is_lost(narrow: DType) -> None:
    """Against conversion there and back of all values."""
    for wide in ALL:
        with np.errstate(all="ignore"):
            values = _values(narrow)
            back = values.astype(wide.numpy).astype(narrow.numpy)
            exact = values.astype(np.float64) == values.astype(wide.numpy).astype(np.float64)
        lossless = bool((back == values).all() and exact.all())
        if holds(wide, narrow):
            assert lossless
        elif narrow.bits <= 16:
            assert not lossless


def test_commutative_patterns_match_in_both_orders_once() -> None:
    assert len(compile_rule(RULES["algebra/add-zero"])) == 2
    assert len(compile_rule(RULES["algebra/maximum-self"])) == 1
    assert len(compile_rule(RULES["algebra/maximum-absorbs"])) == 4
    assert len(compile_rule(RULES["algebra/subtract-self"])) == 1


def test_single_use_rules_leave_shared_ops() -> None:
    source = """func.func @main(%x: tensor<4x4xf32>) -> (tensor<4x4xf32>{second}) {{
  %0 = stablehlo.exponential %x : tensor<4x4xf32>
  %1 = stablehlo.slice %0 [0:4, 0:4] : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %1{value} : tensor<4x4xf32>{second}
}}"""
    rules = RuleSet(lambda r: r.name == "layout/slice-of-unary")
    for shared in (False, True):
        tail = {"second": ", tensor<4x4xf32>", "value": ", %0"} if shared else {}
        text = source.format(**({"second": "", "value": ""} | tail))
        trace = Trace()
        rewrite_module(parse(text), rules, "test", trace)
        assert bool(trace.applications) is not shared


def test_multi_result_ops_are_no_pattern() -> None:
    """The second result of an op must not be taken for its first."""
    text = """func.func @main(%x: tensor<4xi32>, %i: tensor<i32>) -> tensor<i32> {
  %0:2 = stablehlo.reduce(%x init: %i), (%x init: %i) across dimensions = [0]
    : (tensor<4xi32>, tensor<4xi32>, tensor<i32>, tensor<i32>) -> (tensor<i32>, tensor<i32>)
    reducer(%a: tensor<i32>, %b: tensor<i32>) (%c: tensor<i32>, %d: tensor<i32>) {
      %1 = stablehlo.add %a, %c : tensor<i32>
      %2 = stablehlo.multiply %b, %d : tensor<i32>
      stablehlo.return %1, %2 : tensor<i32>, tensor<i32>
    }
  %3 = stablehlo.subtract %0#0, %0#1 : tensor<i32>
  return %3 : tensor<i32>
}"""
    before = parse(text)
    after, trace = optimize(before, Options(pipeline="canonicalize"))
    assert not trace.applications
    assert print_module(after) == print_module(before)


def test_total_order_comparisons_are_no_ordinary_ones() -> None:
    b = Builder([TensorType((4,), F64)])
    v = b.emit("compare", [0, 0], comparison_direction="LT", compare_type="TOTALORDER")
    _, trace = optimize(module(b.graph([v])), Options(pipeline="canonicalize"))
    assert not trace.applications


def test_altered_rule_matches_its_own_left_side() -> None:
    """What fault injection does: exchange an entry of RULES, and the compiler follows."""

    def wrong(x: Tensor, y: Tensor) -> Rewrite:
        """x + (-y) -> y - x"""
        return add(x, negate(y)), Term("subtract", (y, x))

    rule = RULES["algebra/add-negate"]
    altered = rule.altered(wrong)
    assert altered.contract == EXACT
    assert altered.dtypes == rule.dtypes
    b = Builder([TensorType((2,), F16)] * 2)
    m = module(b.graph([b.emit("add", [0, b.emit("negate", [1])])]))
    try:
        RULES[rule.name] = altered
        out, _ = optimize(m, Options(pipeline="canonicalize"))
        assert out.main.graph.nodes[-1].operands == (1, 0)
    finally:
        RULES[rule.name] = rule
    out, _ = optimize(m, Options(pipeline="canonicalize"))
    assert out.main.graph.nodes[-1].operands == (0, 1)
