"""Ball arithmetic: a value, and how far any evaluation of the same formula may be from it.

For ops that the specification composes of others, but that a compiler may evaluate with other
intermediate precision: so nothing is taken to be exact, and every step may round.

Source: running error analysis (Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed.,
section 3.3): a step adds u (abs(z) + e) + eta to the error that its operands propagate, which is
ex + ey for sums, abs(x) ey + abs(y) ex + ex ey for products, (ex + abs(q) ey) / (abs(y) - ey) for
quotients, e / sqrt(z) for roots, and the sum of all e, with n u times the sum of magnitudes, for n
terms in any order (Jeannerod and Rump, see :mod:`verify.bounds.reduce`).

Where formulas may be multiplied out, their factors may meet in any order, and products of some of
them overflow or underflow on the way to a plain result: :class:`Factors`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from compiler.dtypes import DType
from compiler.ir import Array
from verify.bounds.core import Context
from verify.bounds.format import Format
from verify.bounds.limits import AFN
from verify.bounds.ring import growth
from verify.bounds.rounding import error_of, settle
from verify.bounds.value import Value

FUNCTION = 4.0  # roundings of a quotient or root, as x * rsqrt(y) stands for x / sqrt(y)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the balls of one op share.

    Attributes:
        f: the format of the results.
        eps: the carrier's machine epsilon.
        loose: whether formulas may be multiplied out: a difference then errs by a share of its
            terms, not of itself.
        arcp: whether a quotient may be a product with the reciprocal.
        function: roundings of a quotient or root.
    """

    f: Format
    eps: Any
    loose: bool
    arcp: bool
    function: float

    @staticmethod
    def of(ctx: Context, dtype: DType) -> Setting:
        """The setting for results of ``dtype``."""
        function = FUNCTION * (AFN if ctx.afn else 1.0)
        return Setting(ctx.format(dtype), ctx.eps, ctx.reassoc, ctx.arcp, function)


@dataclass(frozen=True, slots=True)
class Factors:
    """What a value is multiplied of, as in :class:`verify.bounds.ring.Ring`.

    Attributes:
        big: the formula on max(abs(factor), 1), which no product of some of its factors exceeds.
        roundings: on the way of a term.
        loss: what products that underflow lose, each times the other factors, is at most ``loss *
            big``.
        divisor: of max(abs(y), 1 / abs(y)) over all divisors y of a term, which may be multiplied
            too.
    """

    big: Any
    roundings: float = 0.0
    loss: float = 0.0
    divisor: Any = 1.0

    def __add__(self, other: Factors) -> Factors:
        return Factors(
            self.big + other.big,
            max(self.roundings, other.roundings) + 1,
            max(self.loss, other.loss),
            np.maximum(self.divisor, other.divisor),
        )

    def times(self, other: Factors, f: Format, roundings: float = 1.0) -> Factors:
        """Of a product, of so many roundings."""
        return Factors(
            self.big * other.big,
            self.roundings + other.roundings + roundings,
            self.loss + other.loss + roundings * f.half,
            self.divisor * other.divisor,
        )

    def or_else(self, other: Factors) -> Factors:
        """Of a number that has two formulas."""
        return Factors(
            np.maximum(self.big, other.big),
            max(self.roundings, other.roundings),
            max(self.loss, other.loss),
            np.maximum(self.divisor, other.divisor),
        )


class Ball:
    """All values within ``e`` of ``z``; anything, where ``e`` is infinite.

    What it is multiplied of is followed where formulas may be multiplied out, up to a function or
    divisor, or the result, where it is :meth:`settled`; one that is made of a value and an error
    is a single factor.
    """

    __slots__ = ("e", "factors", "s", "z")

    def __init__(self, s: Setting, z: Any, e: Any, factors: Factors | None = None) -> None:
        self.s = s
        wild = ~(np.isfinite(z) & np.isfinite(e))
        wild |= np.abs(z) + np.where(wild, 0.0, e) >= s.f.top
        self.z, self.e = np.where(wild, 0.0, z), np.where(wild, np.inf, e)
        if factors is None:
            factors = Factors(np.maximum(np.abs(self.z) + self.e, 1.0) if s.loose else 0.0)
        self.factors = factors

    @staticmethod
    def of(ctx: Context, s: Setting, x: Value) -> Ball:
        """A value of the program."""
        center, factors = ctx.center(x), None
        if s.loose:
            a = ctx.leaf(x)
            factors = Factors(a.big, a.roundings, a.loss, a.divisor)
        return Ball(s, center, np.broadcast_to(error_of(x), center.shape), factors)

    def value(self, dtype: DType, hull: bool = False) -> Value:
        """The value of the program."""
        made = self.settled()
        return settle(dtype, made.z, made.e, hull)

    def settled(self) -> Ball:
        """The same as one factor, with what other orders of its own factors may lose."""
        if not self.s.loose:
            return self
        f, made = self.s.f, self.factors
        gain = growth(made.roundings, f.u + 8 * self.s.eps)
        e = self.e + _or_inf(made.big * (made.loss * (1 + gain)))
        safe = (made.big * (1 + gain) + e < f.top) & (4 * made.divisor < f.top)
        return Ball(self.s, self.z, np.where(safe, e, np.inf))

    def moved(self, move: Callable[[Array], Array]) -> Ball:
        """The same in other places."""
        return Ball(self.s, move(self.z), move(self.e), self._factors(move, move))

    def _factors(self, big: Callable[[Array], Array], divisor: Callable[[Array], Array]) -> Factors:
        """Those of other places."""
        a, shape = self.factors, self.z.shape
        return replace(
            a,
            big=big(np.broadcast_to(a.big, shape)),
            divisor=divisor(np.broadcast_to(a.divisor, shape)),
        )

    def or_else(self, other: Ball) -> Ball:
        """The same number by another formula: whichever errs more."""
        factors = self.factors.or_else(other.factors)
        return Ball(self.s, self.z, np.maximum(self.e, other.e), factors)

    def _rounded(
        self, z: Any, e: Any, factors: Factors | None, roundings: float = 1.0, size: Any = None
    ) -> Ball:
        """One step more, whose rounding is a share of ``size``, the result's by default."""
        unit = roundings * self.s.f.u + 8 * self.s.eps
        size = np.abs(z) if size is None else size
        loss = (size + e) * unit + roundings * self.s.f.eta
        return Ball(self.s, z, (e + loss) * (1 + 16 * self.s.eps), factors)

    def __add__(self, other: Ball) -> Ball:
        return self._sum(other, self.z + other.z)

    def __sub__(self, other: Ball) -> Ball:
        return self._sum(other, self.z - other.z)

    def _sum(self, other: Ball, z: Any) -> Ball:
        size = 4 * (np.abs(self.z) + np.abs(other.z)) if self.s.loose else None
        return self._rounded(z, self.e + other.e, self.factors + other.factors, size=size)

    def __mul__(self, other: Ball) -> Ball:
        e = np.abs(self.z) * other.e + self.e * (np.abs(other.z) + other.e)
        factors = self.factors.times(other.factors, self.s.f)
        return self._rounded(self.z * other.z, _or_inf(e), factors)

    def __truediv__(self, other: Ball) -> Ball:
        """abs(a / b - x / y) <= (e_a + abs(a / b) e_b) / (abs(b) - e_b); a subnormal reciprocal
        loses at most half a smallest subnormal, times abs(a).
        """
        other = other.settled()
        least = np.abs(other.z) - other.e
        fine = least >= self.s.f.normal
        low = np.where(fine, least, 1.0)
        z = np.where(fine, self.z / np.where(fine, other.z, 1.0), 0.0)
        e = np.where(fine, (self.e + np.abs(z) * other.e) / low, np.inf)
        if self.s.arcp:
            e = e + (np.abs(self.z) + self.e) * self.s.f.half
        factors = self.factors
        if self.s.loose:
            far = np.maximum(1 / low, np.abs(other.z) + np.where(fine, other.e, 0.0))
            over = Factors(np.maximum(1 / low, 1.0), divisor=far)
            factors = factors.times(over, self.s.f, self.s.function)
        return self._rounded(z, _or_inf(e), factors, self.s.function)

    def sqrt(self) -> Ball:
        """The error grows by 1 / root at most; undecided where 0 is reached."""
        a = self.settled()
        fine = a.z - a.e >= self.s.f.normal
        z = np.sqrt(np.where(fine, a.z, 1.0))
        e = np.where(fine, a.e / np.where(fine, z, 1.0), np.inf)
        return self._rounded(np.where(fine, z, 0.0), e, None, self.s.function)

    def total(self, axes: tuple[int, ...]) -> Ball:
        """Sums over ``axes``, in any order; undecided where a partial sum may overflow."""
        high, low = (np.maximum(x, 0.0).sum(axis=axes) for x in (self.z, -self.z))
        count = self.z.size / max(high.size, 1)
        factors = self._factors(lambda x: x.sum(axis=axes), lambda x: x.max(axis=axes, initial=1.0))
        factors = replace(factors, roundings=factors.roundings + count)
        made = self._rounded(high - low, self.e.sum(axis=axes), factors, count, high + low)
        fits = np.maximum(high, low) + made.e < self.s.f.top
        return Ball(self.s, made.z, np.where(fits, made.e, np.inf), factors)


def _or_inf(e: Any) -> Any:
    """0 times an infinite error is no error bound."""
    return np.where(np.isnan(e), np.inf, e)
