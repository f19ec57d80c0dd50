"""Constants of the float formats, as scalars that combine with the carrier without losing range.

Floats of up to 32 bits are carried in float64; a program that holds an f64 is carried in NumPy's
longdouble. Every rule adds the carrier's own roundings, as multiples of its machine epsilon, to
the error, and no rule takes a result of the carrier to be exact that a rounding of it could have
changed; so the bounds hold whatever longdouble is. On x86-64 it has 64 significand bits: the 8
epsilons that a step adds are 1/128 of a rounding of f64. Pairs of doubles (Dekker, *A
floating-point technique for extending the available precision*, 1971) would save that one percent
and cost about ten times the time, and there is no library of functions for them. Where longdouble
is float64 itself a step costs 17 roundings instead of one: sound, but loose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import ml_dtypes
import numpy as np

from compiler.dtypes import BF16, F16, F32, F64, NARROW_FLOATS, DType

WIDE: Any = np.longdouble


def carrier_of(f64: bool) -> Any:
    """The type that values are carried in, in programs with an f64 or without one."""
    return WIDE if f64 else np.float64


@dataclass(frozen=True, slots=True)
class Format:
    """One float format.

    Attributes:
        precision: significand bits p with the hidden one.
        u: unit roundoff 2**-p: one rounding to nearest errs by at most u * abs(exact result) ...
        half: ... plus half the smallest subnormal, where the result is subnormal.
        eta: the smallest subnormal.
        sign: the error of a zero of unknown sign: a quarter of eta, where that is a number.
        eta_exponent: its binary logarithm.
        normal: the smallest normal number.
        top: where rounding starts to give infinity: the largest finite number plus half a unit in
            its last place.
        over: what it gives then: infinity, or NaN in a format without infinities.
    """

    precision: int
    u: float
    half: Any
    eta: Any
    sign: Any
    eta_exponent: int
    normal: float
    top: Any
    over: float = np.inf


def make(dtype: DType) -> Format:
    """The constants of one format, those of f64 as numbers of its carrier."""
    info: Any = ml_dtypes.finfo(dtype.numpy)  # type: ignore[no-untyped-call]
    p = dtype.precision
    number = WIDE if dtype is F64 else float
    largest, eta = number(float(info.max)), number(float(info.smallest_subnormal))
    exponent = round(float(np.log2(float(info.smallest_normal)))) - p + 1
    spacing = number(2) ** (round(float(np.log2(float(info.max) / 2))) + 2 - p)
    half = eta / 2 if eta / 2 > 0 else eta
    sign = eta / 4 if eta / 4 > 0 else eta
    top = largest + spacing / 2
    top = top if np.isfinite(top) else largest
    with np.errstate(all="ignore"):
        over = float(np.asarray(np.inf).astype(dtype.numpy))
    return Format(p, 2.0**-p, half, eta, sign, exponent, float(info.smallest_normal), top, over)


FORMATS: dict[DType, Format] = {d: make(d) for d in (F16, BF16, F32, F64, *NARROW_FLOATS)}

# Where subnormals may be flushed, any step of several may lose a number up to the smallest normal
# one as it is read, and another as it is written.
FLUSHED: dict[DType, Format] = {
    d: replace(
        f,
        half=2 * f.normal,
        eta=2 * f.normal,
        eta_exponent=f.eta_exponent + f.precision,  # that of the second smallest normal binade
    )
    for d, f in FORMATS.items()
}
