"""What each op means over the reals, by mpmath and fractions: values that the bounds must hold.

Neither the reference nor the bounds are asked for anything but where elements go.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from compiler.dtypes import DType
from compiler.ir import Array, Node
from verify.ref.bodies import kept_first, single_ops
from verify.ref.convolution import form
from verify.ref.dot import plan
from verify.ref.window import lines

PRECISION = 240
FAR = 20_000  # exponents beyond which a number is as good as infinite, or as zero
Real = Any  # a Fraction, or mpmath's mpf


def fraction(x: Any) -> Fraction | None:
    """``x`` as a Fraction; None where it is no number, or larger than every format."""
    if isinstance(x, mpmath.mpf):
        if not mpmath.isfinite(x):
            return None
        if x == 0:
            return Fraction(0)
        size = int(mpmath.mag(x))
        if size > FAR:
            return None
        if size < -FAR:
            return Fraction(1, 2**FAR) * (1 if x > 0 else -1)
        sign, man, exp, _ = x._mpf_
        whole = Fraction(int(man) << max(exp, 0), 1 << max(-exp, 0))
        return -whole if sign else whole
    if x is None or isinstance(x, Fraction):
        return x
    wide = np.asarray(x)[()]
    wide = wide if isinstance(wide, np.longdouble) else float(wide)
    return Fraction(*wide.as_integer_ratio()) if np.isfinite(wide) else None


def rounded(x: Fraction, dtype: DType) -> float:
    """``x`` rounded to nearest even in an IEEE format; infinity where it overflows."""
    if x == 0:
        return 0.0
    p = dtype.precision
    emin = {"f16": -14, "bf16": -126, "f32": -126, "f64": -1022}[dtype.name]
    e = x.numerator.bit_length() - x.denominator.bit_length()
    e = e if abs(x) >= Fraction(2) ** e else e - 1
    step = Fraction(2) ** (max(e, emin) - p + 1)
    made = round(x / step) * step
    top = (2 - Fraction(2) ** (1 - p)) * Fraction(2) ** (1 - emin)
    if abs(made) > top:
        return math.inf if x > 0 else -math.inf
    return float(made)


# --- functions ------------------------------------------------------------------------------------


def _lgamma(x: Real) -> Real:
    return mpmath.re(mpmath.loggamma(x))


def _digamma(x: Real) -> Real:
    return mpmath.digamma(x)


def _bessel_i1e(x: Real) -> Real | None:
    return mpmath.exp(-abs(x)) * mpmath.besseli(1, x) if abs(x) < 10_000 else None


def _power(x: Real, y: Real) -> Real | None:
    if x > 0:
        return mpmath.power(x, y)
    if x == 0 or y != mpmath.floor(y):
        return None
    size = mpmath.power(-x, y)
    return -size if mpmath.fmod(y, 2) else size


def _polygamma(n: Real, x: Real) -> Real | None:
    if n < 0 or n > 60 or n != int(n) or not 1e-20 < x < 1e20:
        return None
    return mpmath.digamma(x) if n == 0 else mpmath.polygamma(int(n), x)


def _zeta(s: Real, q: Real) -> Real | None:
    """For whole numbers s by the polygamma function: mpmath's own may take for ever."""
    if not 2 <= s <= 20 or s != int(s) or not 1e-3 < q < 1e6:
        return None
    n = int(s) - 1
    return abs(mpmath.polygamma(n, q)) / mpmath.factorial(n)


def _logistic(x: Real) -> Real:
    return 1 / (1 + mpmath.exp(-x))


def _erf_inv(x: Real) -> Real | None:
    return mpmath.erfinv(x) if 1e-30 < abs(x) < 1 - mpmath.mpf(2) ** -60 else None


def _within(low: float, high: float, fn: Callable[[Real], Real]) -> Callable[[Real], Real | None]:
    """``fn`` on a closed interval, nothing elsewhere."""
    return lambda x: fn(x) if low <= x <= high else None


_INF = math.inf
FUNCTIONS: dict[str, Callable[..., Real | None]] = {
    "atan2": lambda y, x: mpmath.atan2(y, x) if y else None,  # a Fraction has no -0
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "cosine": mpmath.cos,
    "exponential": mpmath.exp,
    "exponential_minus_one": mpmath.expm1,
    "log": lambda x: mpmath.log(x) if x > 0 else None,
    "log_plus_one": lambda x: mpmath.log1p(x) if x > -1 else None,
    "logistic": _logistic,
    "power": _power,
    "rsqrt": lambda x: 1 / mpmath.sqrt(x) if x > 0 else None,
    "sine": mpmath.sin,
    "sqrt": lambda x: mpmath.sqrt(x) if x >= 0 else None,
    "tan": mpmath.tan,
    "tanh": mpmath.tanh,
    "chlo.acos": _within(-1, 1, mpmath.acos),
    "chlo.acosh": _within(1, _INF, mpmath.acosh),
    "chlo.asin": _within(-1, 1, mpmath.asin),
    "chlo.asinh": mpmath.asinh,
    "chlo.atan": mpmath.atan,
    "chlo.atanh": lambda x: mpmath.atanh(x) if abs(x) < 1 else None,
    "chlo.bessel_i1e": _bessel_i1e,
    "chlo.cosh": _within(-12_000, 12_000, mpmath.cosh),
    "chlo.digamma": lambda x: _digamma(x) if x > 0 or x != mpmath.floor(x) else None,
    "chlo.erf": _within(-100, 100, mpmath.erf),
    "chlo.erf_inv": _erf_inv,
    "chlo.erfc": _within(-100, 100, mpmath.erfc),
    "chlo.lgamma": lambda x: _lgamma(x) if x > 0 or x != mpmath.floor(x) else None,
    "chlo.polygamma": _polygamma,
    "chlo.sinh": _within(-12_000, 12_000, mpmath.sinh),
    "chlo.tan": mpmath.tan,
    "chlo.zeta": _zeta,
}


def _remainder(x: Fraction, y: Fraction) -> Fraction | None:
    return x - y * math.trunc(x / y) if y else None


ARITHMETIC: dict[str, Callable[..., Fraction | None]] = {
    "abs": abs,
    "add": lambda x, y: x + y,
    "ceil": lambda x: Fraction(math.ceil(x)),
    "clamp": lambda low, x, high: min(max(x, low), high),
    "divide": lambda x, y: x / y if y else None,
    "floor": lambda x: Fraction(math.floor(x)),
    "maximum": max,
    "minimum": min,
    "multiply": lambda x, y: x * y,
    "negate": lambda x: -x,
    "remainder": _remainder,
    "round_nearest_even": lambda x: Fraction(round(x)),
    "sign": lambda x: Fraction((x > 0) - (x < 0)),
    "subtract": lambda x, y: x - y,
    "chlo.square": lambda x: x * x,
}


def scalar(op: str, args: Sequence[Any]) -> Fraction | None:
    """One element: None where an operand is no number, or the result none that is known here."""
    numbers = [fraction(x) for x in args]
    if any(x is None for x in numbers):
        return None
    if op in ARITHMETIC:
        return ARITHMETIC[op](*numbers)
    with mpmath.workprec(PRECISION):
        wide = [mpmath.mpf(x.numerator) / x.denominator for x in numbers if x is not None]
        try:
            made = FUNCTIONS[op](*wide)
        except (OverflowError, ValueError, ZeroDivisionError, mpmath.libmp.NoConvergence):
            return None
        return None if made is None else fraction(made)


def elementwise(op: str, args: Sequence[Array]) -> Array:
    """The op on arrays of equal or broadcast shape."""
    arrays = np.broadcast_arrays(*args)
    out = np.empty(arrays[0].shape, object)
    for i in np.ndindex(out.shape):
        out[i] = scalar(op, [a[i] for a in arrays])
    return out


# --- sums -----------------------------------------------------------------------------------------


def exactly(x: Array) -> Array:
    """The elements as Fractions, None where they are no numbers."""
    out = np.empty(x.shape, object)
    for i in np.ndindex(x.shape):
        out[i] = fraction(x[i])
    return out


_FOLDS: dict[str, Callable[[Any], Any]] = {
    "add": sum,
    "multiply": math.prod,
    "maximum": max,
    "minimum": min,
}


def folded(op: str, lines_: Array, init: Array) -> Array:
    """``init op line[0] op line[1] ...`` for each line in the last axis."""
    x, first = exactly(lines_), fraction(init[()])
    out = np.empty(x.shape[:-1], object)
    for i in np.ndindex(out.shape):
        terms = [first, *x[i]]
        out[i] = None if any(t is None for t in terms) else _FOLDS[op](terms)
    return out


def products(a: Array, b: Array) -> Array:
    """The products of matrices, one a batch element."""
    a, b = exactly(a), exactly(b)
    out = np.empty((*a.shape[:2], b.shape[2]), object)
    for n, r, c in np.ndindex(out.shape):
        row, column = a[n, r], b[n, :, c]
        missing = any(t is None for t in (*row, *column))
        out[n, r, c] = (
            None if missing else sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0))
        )
    return out


def _reduce(node: Node, args: Sequence[Array]) -> list[Array] | None:
    count = len(node.types)
    ops = single_ops(node.regions[0], count)
    if ops is None or any(op not in _FOLDS for op in ops):
        return None
    order = kept_first(args[0].ndim, tuple(node.attr("dimensions")))
    kept = node.type.shape
    moved = [x.transpose(order) for x in args[:count]]
    flat = [x.reshape(*kept, math.prod(x.shape[len(kept) :])) for x in moved]
    inits = args[count : 2 * count]
    return [folded(op, x, i) for op, x, i in zip(ops, flat, inits, strict=True)]


def _reduce_window(node: Node, args: Sequence[Array]) -> list[Array] | None:
    count = len(node.types)
    ops = single_ops(node.regions[0], count)
    if ops is None or any(op not in _FOLDS for op in ops):
        return None
    inits = args[count : 2 * count]
    flat = [lines(node, x, i) for x, i in zip(args[:count], inits, strict=True)]
    return [folded(op, x, i) for op, x, i in zip(ops, flat, inits, strict=True)]


def _dot_general(node: Node, args: Sequence[Array]) -> list[Array]:
    a, b = args
    p = plan(node, a.shape, b.shape)
    left = a.transpose(p.lhs_order).reshape(p.lhs_shape)
    right = b.transpose(p.rhs_order).reshape(p.rhs_shape)
    return [products(left, right).reshape(node.type.shape)]


def _convolution(node: Node, args: Sequence[Array]) -> list[Array]:
    f = form(node, args[1].shape)
    left, right = f.left(args[0], np.zeros((), args[0].dtype)), f.right(args[1])
    return [f.result(products(left, right))]


STRUCTURED: dict[str, Callable[[Node, Sequence[Array]], list[Array] | None]] = {
    "convolution": _convolution,
    "dot_general": _dot_general,
    "reduce": _reduce,
    "reduce_window": _reduce_window,
}


def true(node: Node, args: Sequence[Array]) -> list[Array] | None:
    """For each result of a float op an object array: Fractions, None where nothing is known; None
    for ops without a table entry.
    """
    if not node.types[0].dtype.is_float:
        return None
    op = node.op.removeprefix("chlo.broadcast_")
    op = f"chlo.{op}" if op in ("polygamma", "zeta") else op
    if op in STRUCTURED:
        return STRUCTURED[op](node, args)
    if op in ARITHMETIC or op in FUNCTIONS:
        return [elementwise(op, args)]
    return None
