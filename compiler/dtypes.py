"""Element types of StableHLO that Assay supports, with their spelling, width and NumPy counterpart.

Source: StableHLO specification, section *Types*. Floats are IEEE 754 binary formats (f16, f32, f64)
and bfloat16.
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
    """

    name: str
    kind: str
    bits: int
    numpy: np.dtype[Any] = field(repr=False)
    precision: int = field(default=0, repr=False)

    @property
    def is_float(self) -> bool:
        """Whether this is f16, bf16, f32 or f64."""
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

BY_NAME = {d.name: d for d in ALL}
_BY_NUMPY = {d.numpy: d for d in ALL}


def by_name(name: str) -> DType:
    """The dtype spelled ``name``; ``KeyError`` if it is none of the supported ones."""
    return BY_NAME[name]


def from_numpy(dtype: np.dtype[Any]) -> DType:
    """The dtype whose elements NumPy stores as ``dtype``; ``KeyError`` if there is none."""
    return _BY_NUMPY[dtype]
