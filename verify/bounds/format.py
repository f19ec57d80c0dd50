"""Constants of the float formats, as scalars that combine with the carrier without losing range.

Unit: floats f16, bf16 and f32 are carried in float64; a program that holds an f64 is carried in
NumPy's longdouble (64 significand bits on x86-64). Where longdouble is no wider than float64 the
bounds stay sound, because every rule adds the carrier's own rounding, but they get looser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

from compiler.dtypes import BF16, F16, F32, F64, NARROW_FLOATS, DType


@dataclass(frozen=True, slots=True)
class Format:
    """One float format.

    Attributes:
        precision: significand bits p with the hidden one.
        u: unit roundoff 2**-p: one rounding to nearest errs by at most u * abs(exact result) ...
        half: ... plus half the smallest subnormal, where the result is subnormal.
        eta: the smallest subnormal.
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
    eta_exponent: int
    normal: float
    top: Any
    over: float = np.inf


def _format(dtype: DType) -> Format:
    info: Any = ml_dtypes.finfo(dtype.numpy)  # type: ignore[no-untyped-call]
    p = dtype.precision
    number = np.longdouble if dtype is F64 else float
    largest, eta = number(float(info.max)), number(float(info.smallest_subnormal))
    exponent = round(float(np.log2(float(info.smallest_normal)))) - p + 1
    spacing = number(2) ** (round(float(np.log2(float(info.max) / 2))) + 2 - p)
    half = eta / 2 if eta / 2 > 0 else eta
    top = largest + spacing / 2
    top = top if np.isfinite(top) else largest
    with np.errstate(all="ignore"):
        over = float(np.asarray(np.inf).astype(dtype.numpy))
    return Format(p, 2.0**-p, half, eta, exponent, float(info.smallest_normal), top, over)


FORMATS: dict[DType, Format] = {d: _format(d) for d in (F16, BF16, F32, F64, *NARROW_FLOATS)}
