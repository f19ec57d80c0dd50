"""What the ``check`` ops of StableHLO's own tests mean.

``expect_eq``: equal elements. ``expect_almost_eq``: their distance is at most the ``tolerance`` in
the text. ``expect_close``: between ``min_ulp_difference`` and ``max_ulp_difference`` units in the
last place of the element's own type; zeros of either sign are one number. Everywhere any NaN equals
any NaN, an infinity only itself, and integers and booleans must be equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.dtypes import from_numpy
from compiler.ir import Array

# Defaults of the check ops where the text says nothing.
TOLERANCE = 1e-4
MAX_ULPS = 1
FAR = (1 << 64) - 1  # between a finite number and anything that is not


def compare(op: str, attrs: dict[str, Any], got: Array, want: Array) -> str:
    """What is wrong with ``got``, naming the first wrong element; empty if nothing is.

    Args:
        op: ``check.expect_eq``, ``check.expect_almost_eq``, ``check.expect_close``, or one of them
            with ``_const``.
        attrs: of the check: ``tolerance``, ``max_ulp_difference``, ``min_ulp_difference``.
        got: what was computed.
        want: what is expected.
    """
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"{op}: got {got.dtype}{list(got.shape)}, expected {want.dtype}{list(want.shape)}"
    wrong = ~_holds(op.removesuffix("_const"), attrs, got, want)
    if not wrong.any():
        return ""
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    text = f"{op}: {list(at)} got {got[at]!s}, expected {want[at]!s}"
    if from_numpy(got.dtype).is_float:
        distance = int(ulps(got[at], want[at]))
        text += ", not comparable in ULPs" if distance == FAR else f", {distance} ULPs"
    return text + f" ({int(wrong.sum())} of {wrong.size} elements)"


def _holds(op: str, attrs: dict[str, Any], got: Array, want: Array) -> Array:
    """Where the check holds."""
    same = _same(got, want)
    if op == "check.expect_eq" or not from_numpy(got.dtype).is_float:
        return same
    if op == "check.expect_almost_eq":
        tolerance = attrs.get("tolerance")
        with np.errstate(all="ignore"):
            distance = np.abs(got.astype(np.float64) - want.astype(np.float64))
        return same | (distance <= (TOLERANCE if tolerance is None else tolerance))
    if op == "check.expect_close":
        most, least = attrs.get("max_ulp_difference"), attrs.get("min_ulp_difference")
        distance = ulps(got, want)
        within = distance <= np.uint64(MAX_ULPS if most is None else most % (FAR + 1))
        return within & (distance >= np.uint64((least or 0) % (FAR + 1)))
    raise ValueError(f"unknown check {op}")


def _same(got: Array, want: Array) -> Array:
    """Equal numbers, or NaN twice."""
    same = np.asarray(got == want)
    if from_numpy(got.dtype).is_float:
        same = same | (np.isnan(got.astype(np.float64)) & np.isnan(want.astype(np.float64)))
    return same


def ulps(a: Array, b: Array) -> Array:
    """Distances in units in the last place of the common dtype, as uint64: how many numbers of the
    dtype lie between, and one. Equal infinities and two NaNs are 0 apart; a finite number and one
    that is not, or two different ones that are not, are ``FAR`` apart.
    """
    x, y = np.asarray(a), np.asarray(b)
    same = _same(x, y)
    with np.errstate(all="ignore"):
        finite = np.isfinite(x.astype(np.float64)) & np.isfinite(y.astype(np.float64))
    (sx, mx), (sy, my) = _parts(x), _parts(y)
    apart = np.where(sx == sy, np.maximum(mx, my) - np.minimum(mx, my), mx + my)
    far = np.where(finite, apart, np.uint64(FAR))
    return np.where(same, np.uint64(0), far)


def _parts(x: Array) -> tuple[Array, Array]:
    """Signs, and magnitudes as integers that count the numbers between 0 and ``x``."""
    bits = x.dtype.itemsize * 8
    raw = np.ascontiguousarray(x).view(f"u{x.dtype.itemsize}").reshape(x.shape).astype(np.uint64)
    sign = np.uint64(1 << (bits - 1))
    return (raw & sign) != 0, raw & (sign - np.uint64(1))
