"""The oracle: outputs of a compiled program against what :mod:`verify.bounds` encloses.

Verdicts in ascending order: ``identical`` (the reference's bits; any NaN equals any NaN),
``allowed`` (within the error), ``unstable`` (passes only because something is undecided, or because
the error spans both sides of a jump), ``explained`` (a violation that the target declares, which
:mod:`verify.deviations` finds out), ``violation``. There is no tolerance here: every error is
derived from what specification and contract leave open, and from the accuracy of functions that
:mod:`verify.bounds.limits` assumes.

Special values: NaN equals any NaN and nothing else, the sign of a zero counts unless the contract
says ``nsz`` (``reassoc`` does not need it: a sum is -0 in one order where it is in all, which is
where all terms are -0; to take a factor or a minus sign into a sum needs both flags), an infinity
is right where it is certain, or on the side on which the bound reaches the threshold of overflow;
subnormals are numbers like others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compiler.contract import EXACT, Contract
from compiler.dtypes import working
from compiler.ir import Array
from verify.bounds.value import Enclosure

ORDER = ("identical", "allowed", "unstable", "explained", "violation")


@dataclass(frozen=True, slots=True)
class OutputVerdict:
    """One output.

    Attributes:
        verdict: ``identical``, ``allowed``, ``unstable``, ``explained`` or ``violation``.
        max_ulp: largest distance to the reference in units of the last place of the dtype
            (integers: difference) over the decided elements; inf where a number stands against NaN.
        bound_share: largest abs(got - value) / error over the elements with an error; above 1 is a
            violation.
        worst: index of the element that decided the verdict; ``None`` if all are identical.
        value: what the reference says there.
        got: what the program returned there.
        error: what is allowed there.
        span: the least and the greatest value allowed there, where finite values may overflow.
        ulp: its distance from ``value``, counted as in ``max_ulp``.
        undecided: share of the elements of which nothing is known.
        note: why, where no element is to blame (wrong shape or dtype).
    """

    verdict: str
    max_ulp: float = 0.0
    bound_share: float = 0.0
    worst: tuple[int, ...] | None = None
    value: Any = None
    got: Any = None
    error: float = 0.0
    span: tuple[float, float] | None = None
    ulp: float = 0.0
    undecided: float = 0.0
    note: str = ""

    def __str__(self) -> str:
        text = f"{self.verdict}: {self.detail}" if self.detail else self.verdict
        return text + (f", {self.undecided:.1%} undecided" if self.undecided else "")

    @property
    def detail(self) -> str:
        """The worst element: both values, what is allowed, how far they are apart; or the note."""
        if self.note or self.worst is None:
            return self.note
        at = f"[{', '.join(map(str, self.worst))}] " if self.worst else ""
        text = f"{at}got {_show(self.got)}, reference {_show(self.value)}"
        text += self._allowed() + self._distance()
        share = 0 < self.bound_share < math.inf
        return text + (f", {_share_in_words(self.bound_share)}" if share else "")

    def _allowed(self) -> str:
        """What may be there besides the reference's value."""
        if self.span is not None:
            return f" (from {self.span[0]:.9g} to {self.span[1]:.9g})"
        if self.error == math.inf:
            return ", undecided"
        return f" +- {self.error:.3g}" if self.error else ""

    def _distance(self) -> str:
        """How far the two values are apart, and how far others are if that is more."""
        kind = np.asarray(self.got).dtype.kind
        if not self.max_ulp or kind == "b":
            return ""
        if self.ulp == math.inf:
            return ", NaN against a number"
        unit = "apart" if kind in "iu" else "ulp"
        most = f" (max {self.max_ulp:.4g})" if self.ulp < self.max_ulp < math.inf else ""
        return f", {self.ulp:.4g} {unit}{most}"


def _share_in_words(share: float) -> str:
    """A share of the bound; beyond a thousand times it, the size says nothing more."""
    if share > 1000:
        return "> 1000 x the bound"
    return f"{share:.1%} of the bound" if share <= 1 else f"{share:.3g} x the bound"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A program: the worst of its outputs' verdicts, or a kind that is decided elsewhere
    (``crash``, ``timeout``, ...).
    """

    kind: str
    outputs: tuple[OutputVerdict, ...]

    @property
    def max_ulp(self) -> float:
        """The largest distance over all outputs."""
        return max((o.max_ulp for o in self.outputs), default=0.0)

    @property
    def bound_share(self) -> float:
        """The largest share of a bound over all outputs."""
        return max((o.bound_share for o in self.outputs), default=0.0)

    def __str__(self) -> str:
        if self.kind == "identical" or not self.outputs:
            return self.kind
        worst = max(range(len(self.outputs)), key=lambda k: ORDER.index(self.outputs[k].verdict))
        prefix = f"output {worst}: " if len(self.outputs) > 1 else ""
        return prefix + str(self.outputs[worst])


IDENTICAL = OutputVerdict("identical")


def judge(
    outputs: Sequence[Array], enclosures: Sequence[Enclosure], contract: Contract = EXACT
) -> Verdict:
    """Judge the outputs of one run. ``contract`` must be the one that the enclosures were made
    with.

    A wrong number of outputs, shape or dtype is a violation.
    """
    if len(outputs) != len(enclosures):
        note = f"{len(outputs)} outputs instead of {len(enclosures)}"
        return Verdict("violation", (OutputVerdict("violation", note=note),))
    loose_zero = "nsz" in contract.flags
    found = tuple(
        judge_output(np.asarray(x), e, loose_zero) for x, e in zip(outputs, enclosures, strict=True)
    )
    kinds = {o.verdict for o in found}
    return Verdict(next((k for k in reversed(ORDER) if k in kinds), "identical"), found)


def judge_output(got: Array, enclosure: Enclosure, loose_zero: bool = False) -> OutputVerdict:
    """Judge one output; with ``loose_zero`` the sign of a zero does not matter."""
    t = enclosure.type
    if got.shape != t.shape or got.dtype != t.dtype.numpy:
        note = f"{got.dtype}{list(got.shape)} instead of {t}"
        return OutputVerdict("violation", note=note)
    if enclosure.error is None and got.tobytes() == enclosure.value.tobytes():
        return IDENTICAL
    with np.errstate(all="ignore"):
        return _compare(got, enclosure, loose_zero)


def _compare(got: Array, enclosure: Enclosure, loose_zero: bool) -> OutputVerdict:
    t = enclosure.type
    expected = _rounded(enclosure)
    if t.dtype.narrow and t.dtype.is_integer:  # NumPy's functions take no others for integers
        got, expected = (x.astype(working(t.dtype).numpy) for x in (got, expected))
    same = _same(got, expected)
    undecided = enclosure.undecided
    if same.all():
        return OutputVerdict("identical", undecided=undecided)
    error = np.zeros(t.shape) if enclosure.error is None else enclosure.error
    share = _shares(got, enclosure, error, same, loose_zero)
    known = np.isfinite(error)
    if enclosure.span is not None:
        known |= ~np.isnan(enclosure.span[0])
    ulp = np.where(same | ~known, 0.0, ulps(got, expected))
    wrong = share > 1
    if wrong.any():
        verdict = "violation"
    elif (~same & ~known).any() or enclosure.hull:
        verdict = "unstable"
    else:
        verdict = "allowed"
    rank = np.where(same, -1.0, np.where(wrong | known, share, 2.0 if verdict == "unstable" else 0))
    if np.isinf(rank.max()):  # of those that are beyond any bound, the farthest
        rank = np.where(np.isinf(rank), ulp, -1.0)
    at = np.unravel_index(int(np.argmax(rank)), t.shape) if t.shape else ()
    worst = tuple(int(i) for i in at)
    return OutputVerdict(
        verdict,
        float(ulp.max()),
        float(share.max()),
        worst,
        expected[worst],
        got[worst],
        float(error[worst]),
        _span_at(enclosure, worst),
        float(ulp[worst]),
        undecided,
    )


def _span_at(e: Enclosure, at: tuple[int, ...]) -> tuple[float, float] | None:
    if e.span is None or e.error is None or not np.isinf(e.error[at]) or np.isnan(e.span[0][at]):
        return None
    return float(e.span[0][at]), float(e.span[1][at])


def _rounded(e: Enclosure) -> Array:
    """The reference's value in the output's dtype."""
    if e.value.dtype == e.type.dtype.numpy:
        return e.value
    value = e.value if e.type.dtype.bits == 64 else e.value.astype(np.float64)
    return np.asarray(value.astype(e.type.dtype.numpy))


def _same(a: Array, b: Array) -> Array:
    """Equal bits, or both NaN."""
    if a.dtype.kind in "biu":
        return np.asarray(a == b)
    alike = (a == b) & ((a != 0) | (np.signbit(a) == np.signbit(b)))
    return np.asarray(alike | (np.isnan(a) & np.isnan(b)))


def _shares(got: Array, e: Enclosure, error: Array, same: Array, loose_zero: bool) -> Array:
    """abs(got - value) as a share of the error: inf where bits that are determined differ, 0 where
    all is legal.
    """
    if e.type.dtype.precision:
        carrier = error.dtype
        x = got.astype(np.float32) if got.dtype.itemsize < 4 else got
        value = e.value.astype(np.float32) if e.value.dtype.itemsize < 4 else e.value
        difference = np.abs(x.astype(carrier) - value.astype(carrier))
        zeros = (x == 0) & (value == 0) & loose_zero
    else:
        difference = np.where(same, 0.0, 1.0)
        zeros = np.zeros_like(same)
    share = np.where(error > 0, difference / error, np.inf)
    share = np.where(np.isnan(share), np.inf, share)  # NaN or infinity against a finite enclosure
    share = np.where(np.isinf(error), 0.0, share)
    if e.span is not None:
        low, high = e.span
        outside = ~((x >= low) & (x <= high))  # true for NaN
        share = np.where(np.isinf(error) & ~np.isnan(low) & outside, np.inf, share)
    exact = (error == 0) & (same | zeros)
    return np.where(exact, 0.0, share)


def ulps(a: Array, b: Array) -> Array:
    """Distance in units of the last place: the number of floats between; for integers the
    difference.
    """
    if a.dtype.kind == "b":
        return np.asarray((a != b).astype(np.float64))
    if a.dtype.kind in "iu":
        wide = np.float64 if a.dtype.itemsize < 8 else np.longdouble
        return np.asarray(np.abs(a.astype(wide) - b.astype(wide)).astype(np.float64))
    distance = np.abs(_order(a) - _order(b))
    apart = np.isnan(a) != np.isnan(b)
    return np.where(apart, np.inf, np.where(np.isnan(a) & np.isnan(b), 0.0, distance))


def _order(x: Array) -> Array:
    """Floats as numbers whose differences count the floats between; both zeros are 0."""
    signed = np.dtype(f"i{x.dtype.itemsize}")
    bits = np.ascontiguousarray(x).view(signed).reshape(x.shape)
    size = (bits & signed.type(np.iinfo(signed).max)).astype(np.longdouble)
    return np.asarray(np.where(bits < 0, -size, size))


def _show(x: Any) -> str:
    return f"{float(x):.9g}" if np.asarray(x).dtype.kind not in "biu" else str(x)
