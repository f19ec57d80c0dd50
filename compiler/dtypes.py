"""Element types that Assay supports, with their spelling, width and NumPy counterpart.

Source: StableHLO specification, section *Types*. Floats are IEEE 754 binary formats (f16, f32,
f64), bfloat16, and 8-bit formats. The *narrow* types, integers of less than 8 bits and the 8-bit
floats, are held in one byte an element; only the ops whose rows name them take them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np


@dataclass(frozen=True, eq=False, slots=True)
class DType:
    """One element type; singletons, so compare with ``is``.

    Attributes:
        name: StableHLO spelling (``f32``, ``ui8``, ``i1``).
        kind: ``bool``, ``int``, ``uint`` or ``float``.
        bits: width of the value in bits (``i1``: 1).
        numpy: NumPy dtype that holds one element (``i1`` is ``bool``: one byte).
        precision: significand bits with the hidden one; 0 for integers.
        narrow: whether this is one of :data:`NARROW`.
    """

    name: str
    kind: str
    bits: int
    numpy: np.dtype[Any] = field(repr=False)
    precision: int = field(default=0, repr=False)
    narrow: bool = field(default=False, repr=False)

    @property
    def is_float(self) -> bool:
        """Whether this is a float type of any width."""
        return self.kind == "float"

    @property
    def is_integer(self) -> bool:
        """Whether this is a signed or unsigned integer type (``i1`` is not)."""
        return self.kind in ("int", "uint")

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[object, ...]:
        return by_name, (self.name,)


I1 = DType("i1", "bool", 1, np.dtype(np.bool_))
I8 = DType("i8", "int", 8, np.dtype(np.int8))
I16 = DType("i16", "int", 16, np.dtype(np.int16))
I32 = DType("i32", "int", 32, np.dtype(np.int32))
I64 = DType("i64", "int", 64, np.dtype(np.int64))
UI8 = DType("ui8", "uint", 8, np.dtype(np.uint8))
UI16 = DType("ui16", "uint", 16, np.dtype(np.uint16))
UI32 = DType("ui32", "uint", 32, np.dtype(np.uint32))
UI64 = DType("ui64", "uint", 64, np.dtype(np.uint64))
F16 = DType("f16", "float", 16, np.dtype(np.float16), 11)
BF16 = DType("bf16", "float", 16, np.dtype(ml_dtypes.bfloat16), 8)
F32 = DType("f32", "float", 32, np.dtype(np.float32), 24)
F64 = DType("f64", "float", 64, np.dtype(np.float64), 53)

SIGNED = (I8, I16, I32, I64)
UNSIGNED = (UI8, UI16, UI32, UI64)
INTEGERS = SIGNED + UNSIGNED
FLOATS = (F16, BF16, F32, F64)
ALL = (I1, *INTEGERS, *FLOATS)


def _narrow(name: str, kind: str, bits: int, numpy: Any, precision: int = 0) -> DType:
    return DType(name, kind, bits, np.dtype(numpy), precision, narrow=True)


# The bits of a value below 8 bits are the low bits of its byte; the others are zero.
I2 = _narrow("i2", "int", 2, ml_dtypes.int2)
I4 = _narrow("i4", "int", 4, ml_dtypes.int4)
UI2 = _narrow("ui2", "uint", 2, ml_dtypes.uint2)
UI4 = _narrow("ui4", "uint", 4, ml_dtypes.uint4)
# FN: finite numbers and NaN, no infinity. UZ: one zero, without a sign. B11: a bias of its own.
F8E3M4 = _narrow("f8E3M4", "float", 8, ml_dtypes.float8_e3m4, 5)
F8E4M3 = _narrow("f8E4M3", "float", 8, ml_dtypes.float8_e4m3, 4)
F8E4M3B11FNUZ = _narrow("f8E4M3B11FNUZ", "float", 8, ml_dtypes.float8_e4m3b11fnuz, 4)
F8E4M3FN = _narrow("f8E4M3FN", "float", 8, ml_dtypes.float8_e4m3fn, 4)
F8E4M3FNUZ = _narrow("f8E4M3FNUZ", "float", 8, ml_dtypes.float8_e4m3fnuz, 4)
F8E5M2 = _narrow("f8E5M2", "float", 8, ml_dtypes.float8_e5m2, 3)
F8E5M2FNUZ = _narrow("f8E5M2FNUZ", "float", 8, ml_dtypes.float8_e5m2fnuz, 3)

NARROW_INTEGERS = (I2, I4, UI2, UI4)
NARROW_FLOATS = (
    F8E3M4,
    F8E4M3,
    F8E4M3B11FNUZ,
    F8E4M3FN,
    F8E4M3FNUZ,
    F8E5M2,
    F8E5M2FNUZ,
)
NARROW = NARROW_INTEGERS + NARROW_FLOATS

BY_NAME = {d.name: d for d in ALL + NARROW}
_BY_NUMPY = {d.numpy: d for d in ALL + NARROW}


def working(dtype: DType) -> DType:
    """The type in which values of ``dtype`` are computed before they are rounded or wrapped back:
    f32 for floats of less than 32 bits, 8 bits for integers of less, else the type itself.
    """
    if dtype.is_float:
        return F32 if dtype.bits < 32 else dtype
    if dtype.narrow:
        return I8 if dtype.kind == "int" else UI8
    return dtype


def by_name(name: str) -> DType:
    """The dtype spelled ``name``; ``KeyError`` if it is none of the supported ones."""
    return BY_NAME[name]


def from_numpy(dtype: np.dtype[Any]) -> DType:
    """The dtype whose elements NumPy stores as ``dtype``; ``KeyError`` if there is none."""
    return _BY_NUMPY[dtype]
