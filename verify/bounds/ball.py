"""Ball arithmetic: a value, and how far any evaluation of the same formula may be from it.

For ops that the specification composes of others, but that a compiler may evaluate with other
intermediate precision: so nothing is taken to be exact, and every step may round.

Source: running error analysis (Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed.,
section 3.3): a step adds u (abs(z) + e) + eta to the error that its operands propagate, which is
ex + ey for sums, abs(x) ey + abs(y) ex + ex ey for products, (ex + abs(q) ey) / (abs(y) - ey) for
quotients, e / sqrt(z) for roots, and the sum of all e, with n u times the sum of magnitudes, for n
terms in any order (Jeannerod and Rump, see :mod:`verify.bounds.reduce`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from compiler.dtypes import DType
from compiler.ir import Array
from verify.bounds.core import Context
from verify.bounds.format import Format
from verify.bounds.limits import AFN
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
        function: roundings of a quotient or root.
    """

    f: Format
    eps: Any
    loose: bool
    function: float

    @staticmethod
    def of(ctx: Context, dtype: DType) -> Setting:
        """The setting for results of ``dtype``."""
        return Setting(
            ctx.format(dtype), ctx.eps, ctx.reassoc, FUNCTION * (AFN if ctx.afn else 1.0)
        )


class Ball:
    """All values within ``e`` of ``z``; anything, where ``e`` is infinite."""

    __slots__ = ("e", "s", "z")

    def __init__(self, s: Setting, z: Any, e: Any) -> None:
        self.s = s
        wild = ~(np.isfinite(z) & np.isfinite(e))
        wild |= np.abs(z) + np.where(wild, 0.0, e) >= s.f.top
        self.z, self.e = np.where(wild, 0.0, z), np.where(wild, np.inf, e)

    @staticmethod
    def of(ctx: Context, s: Setting, x: Value) -> Ball:
        """A value of the program."""
        center = ctx.center(x)
        return Ball(s, center, np.broadcast_to(error_of(x), center.shape))

    def value(self, dtype: DType, hull: bool = False) -> Value:
        """The value of the program."""
        return settle(dtype, self.z, self.e, hull)

    def moved(self, move: Callable[[Array], Array]) -> Ball:
        """The same in other places."""
        return Ball(self.s, move(self.z), move(self.e))

    def or_else(self, other: Ball) -> Ball:
        """The same number by another formula: whichever errs more."""
        return Ball(self.s, self.z, np.maximum(self.e, other.e))

    def where(self, known: Any) -> Ball:
        """The same where ``known`` is true, anything elsewhere."""
        return Ball(self.s, self.z, np.where(known, self.e, np.inf))

    def _rounded(self, z: Any, e: Any, roundings: float = 1.0, size: Any = None) -> Ball:
        """One step more, whose rounding is a share of ``size``, the result's by default."""
        unit = roundings * self.s.f.u + 8 * self.s.eps
        size = np.abs(z) if size is None else size
        loss = (size + e) * unit + roundings * self.s.f.eta
        return Ball(self.s, z, (e + loss) * (1 + 16 * self.s.eps))

    def __add__(self, other: Ball) -> Ball:
        return self._sum(other, self.z + other.z)

    def __sub__(self, other: Ball) -> Ball:
        return self._sum(other, self.z - other.z)

    def _sum(self, other: Ball, z: Any) -> Ball:
        size = 4 * (np.abs(self.z) + np.abs(other.z)) if self.s.loose else None
        return self._rounded(z, self.e + other.e, size=size)

    def __mul__(self, other: Ball) -> Ball:
        e = np.abs(self.z) * other.e + self.e * (np.abs(other.z) + other.e)
        return self._rounded(self.z * other.z, _or_inf(e))

    def __truediv__(self, other: Ball) -> Ball:
        """abs(a / b - x / y) <= (e_a + abs(a / b) e_b) / (abs(b) - e_b)."""
        least = np.abs(other.z) - other.e
        fine = least >= self.s.f.normal
        low = np.where(fine, least, 1.0)
        z = np.where(fine, self.z / np.where(fine, other.z, 1.0), 0.0)
        e = np.where(fine, (self.e + np.abs(z) * other.e) / low, np.inf)
        return self._rounded(z, _or_inf(e), self.s.function)

    def sqrt(self) -> Ball:
        """The error grows by 1 / root at most; undecided where 0 is reached."""
        fine = self.z - self.e >= self.s.f.normal
        z = np.sqrt(np.where(fine, self.z, 1.0))
        e = np.where(fine, self.e / np.where(fine, z, 1.0), np.inf)
        return self._rounded(np.where(fine, z, 0.0), e, self.s.function)

    def total(self, axes: tuple[int, ...]) -> Ball:
        """Sums over ``axes``, in any order; undecided where a partial sum may overflow."""
        high, low = (np.maximum(x, 0.0).sum(axis=axes) for x in (self.z, -self.z))
        count = self.z.size / max(high.size, 1)
        made = self._rounded(high - low, self.e.sum(axis=axes), count, high + low)
        return made.where(np.maximum(high, low) + made.e < self.s.f.top)


def _or_inf(e: Any) -> Any:
    """0 times an infinite error is no error bound."""
    return np.where(np.isnan(e), np.inf, e)
