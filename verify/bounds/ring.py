"""What ``reassoc`` allows: any circuit that the identities of commutative rings reach.

A region of additions, subtractions, negations, multiplications, sums, products and contractions is
a polynomial in its *leaves* (values made by other ops). Rewriting by associativity, commutativity
and distributivity keeps the polynomial and brings in no monomial that cancels. Any such circuit,
evaluated in floating point, gives for each monomial m a factor (1 + t_m), abs(t_m) <= (1 + u)**n -
1, where n bounds the roundings on the way of a monomial (Higham, *Accuracy and Stability of
Numerical Algorithms*, 2nd ed., lemma 3.1 and section 4.2); so its error is at most

    d + ((1 + u)**n - 1) * mag + w * big

with mag the polynomial on the absolute values of the leaves, d the change that the leaves' own
errors make (monomial by monomial, so that a leaf which is evaluated twice may differ from itself),
and w * big for underflow: each product loses at most half a smallest subnormal times the other
factors, which ``big`` (the polynomial on max(abs(leaf), 1)) bounds. ``big`` also bounds every
intermediate, in any order: below the overflow threshold nothing can become infinite.

n counts all additions of a chain, because a tree may become a chain: a value is a sum of ``chain``
terms that have at most ``depth`` roundings each: n = depth + chain - 1.

Products of sums. A sum that is multiplied (or contracted) enters as one factor, with the bound it
has got so far, counted with :data:`MARGIN` roundings more on every monomial: that covers the
identities that rewriting systems use, which are a * c + b * c = (a + b) * c in both directions for
one factor at a time, scaling moved through sums and contractions, and the order of contraction
chains (the last two are exact here, because a contraction counts as a product). Multiplying out two
sums that both cancel is not covered: (x - m) * (x - m) has an error relative to itself, while
x * x - 2 * x * m + m * m has one relative to x * x, and no compiler goes that way.

Exact mode: where all leaves are exact integer multiples of 2**q' and mag <= 2**(p + q), q the
granularity of the result, each intermediate of any order is an integer below 2**p in its own
granularity: no rounding happens at all. (A factor of an intermediate that is nonzero is at least
its own granularity, so an intermediate that were too large would make mag too large; one that is
multiplied by zero does not matter as long as it is finite.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from compiler.ir import Array
from verify.bounds.format import Format

MARGIN = 8  # roundings that factoring and distributing may add to a monomial of a factor


@dataclass(slots=True)
class Ring:
    """A polynomial in leaves.

    Attributes:
        center: its value, unrounded; NaN where nothing is known, +-inf where one sign of infinity
            is certain.
        spread: d above; ``None`` for 0.
        mag: polynomial on absolute leaves (plus their errors).
        big: polynomial on max(abs(leaf), 1).
        depth: roundings inside a term, in units of the dtype's u.
        chain: terms of the sum.
        loss: w above.
        grain: all leaves exact: exponent q of a power of two that divides every monomial; else
            ``None``.
        fine: exponent of the smallest granularity that any sub-product may have.
        narrow: precision of the narrow format that operands may be rounded to somewhere inside; 0
            for none.
        precision: the smallest precision in which intermediates may be held; 0 for the dtype's own.
        divisor: with ``arcp``: x / y / z may become x / (y * z): the product of max(abs(y), 1 /
            abs(y)) over the divisors.
    """

    center: Array
    spread: Array | None
    mag: Array
    big: Array
    depth: float = 0.0
    chain: int = 1
    loss: Any = 0.0
    grain: int | None = None
    fine: int = 0
    narrow: int = 0
    precision: int = 0
    divisor: Any = 1.0

    @property
    def roundings(self) -> float:
        """The n above."""
        return self.depth + self.chain - 1

    def moved(self, move: Callable[[Array], Array]) -> Ring:
        """The same polynomials in other places."""
        spread = None if self.spread is None else move(self.spread)
        return replace(
            self, center=move(self.center), spread=spread, mag=move(self.mag), big=move(self.big)
        )


def grain_of(x: Array) -> int | None:
    """The largest convenient q such that every element is an integer times 2**q; ``None`` if one is
    not finite.
    """
    if not x.size or (x == np.rint(x)).all():
        return 0 if not x.size or np.isfinite(x).all() else None
    if not np.isfinite(x).all():
        return None
    mantissa, exponent = np.frexp(x.astype(np.float64))
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    low = np.frexp((whole & -whole).astype(np.float64))[1]
    return int(np.where(whole == 0, 10_000, low + exponent - 54).min())


def leaf(center: Array, error: Array | None) -> Ring:
    """A value that the rewrites take as it is."""
    if error is None:
        mag = np.abs(center)
        grain = grain_of(center)
    else:
        mag = np.abs(center) + error
        grain = None
    spread = error
    if not np.isfinite(mag).all():
        endless = _sure_infinity(center, error)
        unknown = ~np.isfinite(mag) & ~endless
        center = np.where(unknown, np.nan, center)
        mag = np.where(np.isfinite(mag), mag, 0.0)
        spread = None if error is None else np.where(np.isfinite(error), error, 0.0)
    fine = min(grain, 0) if grain is not None else 0
    return Ring(center, spread, mag, np.maximum(mag, 1.0), grain=grain, fine=fine)


def _sure_infinity(center: Array, error: Array | None) -> Any:
    return np.isinf(center) if error is None else np.isinf(center) & (error == 0)


def add(a: Ring, b: Ring, sign: int = 1) -> Ring:
    """The sum of a and b; with sign -1 the difference."""
    center = a.center + b.center if sign > 0 else a.center - b.center
    spread = a.spread if b.spread is None else b.spread if a.spread is None else a.spread + b.spread
    return Ring(
        center,
        spread,
        a.mag + b.mag,
        a.big + b.big,
        max(a.depth, b.depth),
        a.chain + b.chain,
        max(a.loss, b.loss),
        None if a.grain is None or b.grain is None else min(a.grain, b.grain),
        min(a.fine, b.fine),
        *_narrow_sum(a, b),
        max(a.divisor, b.divisor),
    )


def multiply(a: Ring, b: Ring, f: Format) -> Ring:
    """The product of two factors, elementwise."""
    size = np.abs(b.center)
    spread = None
    if b.spread is not None:
        spread = np.abs(a.center) * b.spread
        size = size + b.spread
    if a.spread is not None:
        other = a.spread * size
        spread = other if spread is None else spread + other
    return Ring(
        finite_or_nan(a.center * b.center),
        spread,
        a.mag * b.mag,
        a.big * b.big,
        a.roundings + b.roundings + 1,
        1,
        a.loss + b.loss + f.half,
        None if a.grain is None or b.grain is None else a.grain + b.grain,
        a.fine + b.fine,
        *narrow_product(a, b),
        a.divisor * b.divisor,
    )


def contract(a: Ring, b: Ring, k: int, f: Format, inner: float) -> Ring:
    """Sums of k products over the last axis of a and the last but one of b, accumulated with unit
    roundoff ``inner``.
    """
    size = np.abs(b.center)
    spread = None
    if b.spread is not None:
        spread = np.abs(a.center) @ b.spread
        size = size + b.spread
    if a.spread is not None:
        other = a.spread @ size
        spread = other if spread is None else spread + other
    depth = a.roundings + b.roundings + max(k, 1)
    if inner < f.u:
        # Accumulated in f32, rounded once; one rounding more where a contraction is split in two.
        depth = a.roundings + b.roundings + 2 + (k + 1) * inner / f.u
    return Ring(
        finite_or_nan(a.center @ b.center),
        spread,
        a.mag @ b.mag,
        np.maximum(a.big @ b.big, 1.0),
        depth,
        1,
        a.loss + b.loss + 2 * f.half,
        None if a.grain is None or b.grain is None else a.grain + b.grain,
        a.fine + b.fine,
        *narrow_product(a, b),
        a.divisor * b.divisor,
    )


def total(a: Ring) -> Ring:
    """The sum over the last axis."""
    k = max(a.center.shape[-1], 1)
    narrow, precision = (a.narrow, a.narrow or a.precision) if k > 1 else (a.narrow, a.precision)
    return replace(
        a,
        center=a.center.sum(axis=-1),
        spread=None if a.spread is None else a.spread.sum(axis=-1),
        mag=a.mag.sum(axis=-1),
        big=a.big.sum(axis=-1),
        chain=a.chain * k,
        narrow=narrow,
        precision=precision,
    )


def product(a: Ring, f: Format) -> Ring:
    """The product over the last axis."""
    k = max(a.center.shape[-1], 1)
    mag = a.mag.prod(axis=-1)
    spread = None
    if a.spread is not None:
        size = np.abs(a.center)
        spread = (size + a.spread).prod(axis=-1) - size.prod(axis=-1)
        # The difference is taken in the carrier: its own rounding is a small share of mag.
        spread = spread + mag * (4 * k * np.finfo(mag.dtype).eps)
    return Ring(
        finite_or_nan(a.center.prod(axis=-1)),
        spread,
        mag,
        a.big.prod(axis=-1),
        max(k * a.roundings + k - 1, 1),  # not 0, which is a sum of leaves
        1,
        k * (a.loss + f.half),
        None if a.grain is None else k * a.grain,
        k * a.fine,
        a.narrow,
        a.narrow if k > 1 and a.narrow else a.precision,
        a.divisor**k,
    )


def factor(a: Ring, f: Format, u: float) -> Ring:
    """A sum as one factor: its error so far, and MARGIN roundings more; anything else as it is.

    A sum that no order can round (exact mode) stays open, so that products of it can be exact too.
    """
    if a.chain == 1:
        return a
    if a.grain is not None and a.spread is None:
        p = min(a.precision or f.precision, f.precision)
        if (a.mag <= 2.0 ** min(p + a.grain, 1000)).all():
            return a
    spread = a.mag * growth(a.roundings + MARGIN, u)
    if a.spread is not None:
        spread = spread + a.spread
    mag = np.abs(a.center) + spread
    made = replace(a, spread=spread, mag=mag, depth=0.0, chain=1, grain=None)
    if not np.isfinite(mag).all():
        made.center = finite_or_nan(a.center)
    return made


def negate(a: Ring) -> Ring:
    """-a: no rounding."""
    return replace(a, center=-a.center)


def absolute(a: Ring) -> Ring | None:
    """abs(a), whose errors are no larger, for what rewrites see through it: products, as abs(x)
    abs(y) = abs(x y), and what is nowhere negative; ``None`` for other sums.
    """
    same = a.chain == 1 or bool((a.center >= 0).all())
    return replace(a, center=np.abs(a.center)) if same else None


def finite_or_nan(x: Array) -> Array:
    """Products with an infinity may be distributed over sums and become NaN: nothing is known of
    them.
    """
    return x if np.isfinite(x).all() else np.where(np.isfinite(x), x, np.nan)


def narrow_product(a: Ring, b: Ring) -> tuple[int, int]:
    """A factor may move into a contraction whose operands are rounded to a narrow format."""
    narrow = min(a.narrow or b.narrow, b.narrow or a.narrow)
    return narrow, _smaller(a.precision, b.precision, narrow)


def _narrow_sum(a: Ring, b: Ring) -> tuple[int, int]:
    """Two contractions, or a contraction and products, may be factored: then sums of operands are
    rounded.
    """
    narrow = min(a.narrow or b.narrow, b.narrow or a.narrow)
    factored = narrow and (a.narrow or a.depth) and (b.narrow or b.depth)
    return narrow, _smaller(a.precision, b.precision, narrow if factored else 0)


def _smaller(*precisions: int) -> int:
    return min((p for p in precisions if p), default=0)


def growth(n: float, u: float) -> float:
    """(1 + u)**n - 1, rounded up."""
    x = n * u
    return math.expm1(x) * (1 + 1e-12) if x < 700 else math.inf
