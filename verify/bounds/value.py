"""What is carried for one tensor of the program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from compiler.dtypes import DType
from compiler.ir import Array, TensorType
from verify.bounds.ring import Ring

# Where an error is infinite: the least and the greatest legal result, infinities included and NaN
# excluded; NaN where nothing of the kind is known.
Span: TypeAlias = tuple[Array, Array]


class Value:
    """One tensor with its error.

    Invariants, element by element, of a float tensor:

    * error 0: every legal evaluation has these bits (any NaN for a NaN; under ``nsz`` a
      zero of any sign); ``center`` is representable in the dtype.
    * 0 < error < inf: every legal evaluation is finite and within ``error`` of the finite
      ``center``.
    * error inf: undecided; anything is legal, NaN included; ``center`` says nothing. Only where the
      bound reaches the overflow threshold ``span`` knows more. Ops that move elements keep it; to
      every other op such an element is undecided like the rest.

    Attributes:
        dtype: element type.
        bits: array of the dtype; where the error is 0 the determined bits. Absent (``None``) until
            asked for.
        center: array of the carrier; absent until asked for, always absent for integers and
            booleans.
        error: ``None`` if all elements have error 0; else an array of the carrier. For integers and
            booleans a boolean mask: true where the element is undecided.
        hull: whether some error comes from two outcomes on the two sides of a jump.
        ring: what ``reassoc`` needs to know of a sum or product; ``None`` for everything else.
        span: where errors are infinite because of overflow: between what the results lie; looked at
            only there. ``None`` if nowhere.
        source: of a float that was converted to a wider float: the value it was.
        leaf: this value as a leaf of a polynomial, once it was asked for.
    """

    __slots__ = ("bits", "center", "dtype", "error", "hull", "leaf", "ring", "source", "span")

    def __init__(
        self,
        dtype: DType,
        bits: Array | None = None,
        center: Array | None = None,
        error: Array | None = None,
        hull: bool = False,
        ring: Ring | None = None,
        span: Span | None = None,
    ) -> None:
        self.dtype = dtype
        self.bits = bits
        self.center = center
        self.error = error
        self.hull = hull
        self.ring = ring
        self.span = span
        self.source: Value | None = None
        self.leaf: Ring | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        array = self.bits if self.bits is not None else self.center
        assert array is not None
        return tuple(array.shape)

    def as_bits(self) -> Array:
        """The elements in the dtype: determined where the error is 0, some rounding of the center
        elsewhere.
        """
        if self.bits is None:
            assert self.center is not None
            center = self.center
            if self.dtype.bits < 64:
                center = center.astype(np.float64)  # ml_dtypes knows no longdouble
            self.bits = np.asarray(center.astype(self.dtype.numpy))
        return self.bits

    def undecided(self) -> Any:
        """Mask of the elements of which nothing is known; ``False`` where all errors are 0."""
        if self.error is None:
            return False
        return self.error if not self.dtype.precision else np.isinf(self.error)

    def exact(self) -> Any:
        """Mask of the elements with error 0; ``True`` if that is all of them."""
        if self.error is None:
            return True
        return ~self.error if not self.dtype.precision else self.error == 0


@dataclass(frozen=True, slots=True)
class Enclosure:
    """What an output may be.

    Attributes:
        type: the output's type.
        value: with ``error`` None an array of the dtype; else an array of the carrier (floats) or
            of the dtype (integers).
        error: bound of the distance of any legal result to ``value``: 0 exactly these bits, inf
            undecided; ``None`` if 0 throughout.
        hull: whether some finite error spans the two sides of a jump, so that it says little.
        span: where the error is inf and finite values may overflow: the least and the greatest
            legal result, infinities included; NaN where nothing is known. ``None`` if nowhere.
    """

    type: TensorType
    value: Array
    error: Array | None = None
    hull: bool = False
    span: Span | None = None

    @property
    def undecided(self) -> float:
        """The share of elements of which nothing is known."""
        if self.error is None or not self.error.size:
            return 0.0
        unknown = np.isinf(self.error)
        return float((unknown if self.span is None else unknown & np.isnan(self.span[0])).mean())


def enclosure(x: Value, t: TensorType) -> Enclosure:
    """The enclosure of a finished value."""
    if x.error is None:
        return Enclosure(t, x.as_bits())
    if not x.dtype.precision:
        return Enclosure(t, x.as_bits(), np.where(x.error, np.inf, 0.0), x.hull)
    assert x.center is not None
    return Enclosure(t, x.center, x.error, x.hull, x.span)
