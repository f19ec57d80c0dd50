"""Elementwise ops: unary, binary, compare, select, clamp. Specification: one section an op,
constraint numbers as there.
"""

from __future__ import annotations

from compiler.dtypes import (
    ALL,
    FLOATS,
    I1,
    INTEGERS,
    NARROW,
    NARROW_INTEGERS,
    SIGNED,
    DType,
)
from compiler.ir import TensorType
from compiler.ops.table import Attr, Sig, Types, define, require

SIGNED_OR_FLOAT = SIGNED + FLOATS
NUMBERS = INTEGERS + FLOATS
BITS = (I1, *INTEGERS)

# name: (dtypes, traits beside "elementwise"). The specification's C1: operand and result have the
# same type.
UNARY: dict[str, tuple[tuple[DType, ...], str]] = {
    "abs": (SIGNED_OR_FLOAT, "exact"),
    "cbrt": (FLOATS, "transcendental"),
    "ceil": (FLOATS, "exact"),
    "cosine": (FLOATS, "transcendental"),
    "count_leading_zeros": (INTEGERS, ""),
    "exponential": (FLOATS, "transcendental"),
    "exponential_minus_one": (FLOATS, "transcendental"),
    "floor": (FLOATS, "exact"),
    "log": (FLOATS, "transcendental"),
    "log_plus_one": (FLOATS, "transcendental"),
    "logistic": (FLOATS, "transcendental"),
    "negate": (NUMBERS, "exact"),
    "not": (BITS, ""),
    "popcnt": (INTEGERS, ""),
    "round_nearest_afz": (FLOATS, "exact"),
    "round_nearest_even": (FLOATS, "exact"),
    "rsqrt": (FLOATS, "transcendental"),
    "sign": (SIGNED_OR_FLOAT, "exact"),
    "sine": (FLOATS, "transcendental"),
    "sqrt": (FLOATS, "exact"),
    "tan": (FLOATS, "transcendental"),
    "tanh": (FLOATS, "transcendental"),
}

# The specification's C1: both operands and the result have the same type.
BINARY: dict[str, tuple[tuple[DType, ...], str]] = {
    "add": (ALL, "exact commutative"),
    "and": (BITS, "commutative"),
    "atan2": (FLOATS, "transcendental"),
    "divide": (NUMBERS, "exact"),
    "maximum": (ALL, "exact commutative"),
    "minimum": (ALL, "exact commutative"),
    "multiply": (ALL, "exact commutative"),
    "or": (BITS, "commutative"),
    "power": (NUMBERS, "transcendental"),
    "remainder": (NUMBERS, "exact"),
    "shift_left": (INTEGERS, ""),
    "shift_right_arithmetic": (INTEGERS, ""),
    "shift_right_logical": (INTEGERS, ""),
    "subtract": (NUMBERS, "exact"),
    "xor": (BITS, "commutative"),
}

# The narrow types that these ops take beside those above.
ON_NARROW: dict[str, tuple[DType, ...]] = {
    "add": NARROW,
    "and": NARROW_INTEGERS,
    "maximum": NARROW,
    "minimum": NARROW,
    "multiply": NARROW,
    "negate": NARROW,
    "not": NARROW_INTEGERS,
    "or": NARROW_INTEGERS,
    "subtract": NARROW,
    "xor": NARROW_INTEGERS,
}


def _same(sig: Sig) -> Types:
    first = sig.operands[0]
    for t in sig.operands[1:]:
        require(t == first, "C1", "operand types differ: {} and {}", first, t)
    return (first,)


for _name, (_dtypes, _traits) in UNARY.items():
    define(
        _name,
        "elementwise",
        ["operand"],
        _same,
        dtypes=_dtypes,
        traits=f"elementwise {_traits}",
        narrow=ON_NARROW.get(_name, ()),
    )
for _name, (_dtypes, _traits) in BINARY.items():
    define(
        _name,
        "elementwise",
        ["lhs", "rhs"],
        _same,
        dtypes=_dtypes,
        traits=f"elementwise {_traits}",
        narrow=ON_NARROW.get(_name, ()),
    )


def _is_finite(sig: Sig) -> Types:
    return (TensorType(sig.operands[0].shape, I1),)


def compare_types(dtype: DType) -> tuple[str, ...]:
    """The values of compare_type that fit an element type (C3); empty where none is stated."""
    kinds = {"float": ("", "FLOAT", "TOTALORDER"), "int": ("", "SIGNED")}
    return kinds.get(dtype.kind, ("", "UNSIGNED"))


def _compare(sig: Sig) -> Types:
    """C3 holds in graphs. Upstream does not enforce it in texts: there a compare_type that does not
    fit is read as none (``compiler/text/textual.py``).
    """
    lhs, rhs = sig.operands
    require(lhs.dtype is rhs.dtype, "C1", "element types differ: {} and {}", lhs.dtype, rhs.dtype)
    require(lhs.shape == rhs.shape, "C2", "shapes differ: {} and {}", lhs, rhs)
    kind = sig.attrs.get("compare_type") or ""
    fits = kind in compare_types(lhs.dtype)
    require(fits, "C3", "compare_type {} does not fit element type {}", kind, lhs.dtype)
    return (TensorType(lhs.shape, I1),)


def _select(sig: Sig) -> Types:
    pred, on_true, on_false = sig.operands
    require(pred.dtype is I1, "I1", "pred must hold i1, not {}", pred.dtype)
    require(
        pred.rank == 0 or pred.shape == on_true.shape,
        "C1",
        "pred {} is no scalar and does not fit {}",
        pred,
        on_true,
    )
    require(on_true == on_false, "C2", "on_true {} and on_false {} differ", on_true, on_false)
    return (on_true,)


def _clamp(sig: Sig) -> Types:
    lo, x, hi = sig.operands
    require(
        lo.rank == 0 or lo.shape == x.shape,
        "C1",
        "min {} is no scalar and does not fit operand {}",
        lo,
        x,
    )
    require(
        hi.rank == 0 or hi.shape == x.shape,
        "C2",
        "max {} is no scalar and does not fit operand {}",
        hi,
        x,
    )
    require(
        lo.dtype is x.dtype is hi.dtype,
        "C3",
        "element types differ: {}, {}, {}",
        lo.dtype,
        x.dtype,
        hi.dtype,
    )
    return (x,)


define("is_finite", "elementwise", ["x"], _is_finite, dtypes=FLOATS, traits="elementwise")
define(
    "compare",
    "elementwise",
    ["lhs", "rhs"],
    _compare,
    attrs=[
        Attr("comparison_direction", "enum", choices=("EQ", "NE", "GE", "GT", "LE", "LT")),
        Attr("compare_type", "enum", "", choices=("", "FLOAT", "TOTALORDER", "SIGNED", "UNSIGNED")),
    ],
    dtypes=ALL,
    traits="elementwise",
    result="C2",
    narrow=NARROW,
)
# pred of select, min and max of clamp may be scalars: the checker and the columns treat them as
# broadcast.
define(
    "select",
    "elementwise",
    ["pred", "on_true", "on_false"],
    _select,
    dtypes=(I1,),
    traits="elementwise exact",
    result="C2",
    narrow=NARROW,
)
define(
    "clamp",
    "elementwise",
    ["min", "operand", "max"],
    _clamp,
    dtypes=ALL,
    traits="elementwise exact",
    result="C4",
    narrow=NARROW,
)
