"""Attribute values as the text has them, and as the op table wants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from compiler.ir import Literal


@dataclass(frozen=True, slots=True)
class Symbol:
    """``@name`` as an attribute."""

    name: str


@dataclass(frozen=True, slots=True)
class Number:
    """``1 : i64`` or ``1.0 : f32``; ``type`` is empty where none is written."""

    value: int | float
    type: str


@dataclass(frozen=True, slots=True)
class Struct:
    """``#stablehlo.dot<a = [0]>``, or an enum value such as ``#stablehlo<precision HIGH>`` with its
    word; ``at`` is the token where it begins.
    """

    name: str
    fields: dict[str, Any]
    word: str = ""
    at: int = -1


def plain(value: Any) -> Any:
    """The number of a :class:`Number`; anything else as it is."""
    return value.value if isinstance(value, Number) else value


def _integer(value: Any) -> int | None:
    number = plain(value)
    return number if type(number) is int else None


def _integers(value: Any) -> tuple[int, ...] | None:
    if isinstance(value, Literal) and value.type.dtype.is_integer:
        return tuple(int(v) for v in value.array().ravel())
    if isinstance(value, tuple):
        numbers = [plain(v) for v in value]
        if all(type(v) is int for v in numbers):
            return tuple(numbers)
    return None


def _bool(value: Any) -> bool | None:
    return value if type(value) is bool else None


def _bools(value: Any) -> tuple[bool, ...] | None:
    flags = value.array().ravel().tolist() if isinstance(value, Literal) else value
    if isinstance(flags, list | tuple) and all(type(v) is bool for v in flags):
        return tuple(flags)
    return None


def _float(dtype: type[np.float32 | np.float64]) -> Callable[[Any], float | None]:
    def fit(value: Any) -> float | None:
        """Rounded to ``dtype``; an integer is a bit pattern."""
        number = plain(value)
        size = np.dtype(dtype).itemsize
        if type(number) is int and 0 <= number < 1 << 8 * size:
            return float(np.frombuffer(number.to_bytes(size, "little"), dtype)[0])
        if type(number) is not float:
            return None
        with np.errstate(over="ignore"):
            return float(dtype(number))

    return fit


def _pairs(value: Any) -> tuple[tuple[int, ...], ...] | None:
    if not isinstance(value, Literal) or not value.type.dtype.is_integer or value.type.rank != 2:
        return None
    return tuple(tuple(map(int, row)) for row in value.array())


def _dict(value: Any) -> tuple[Any, ...] | None:
    if isinstance(value, Struct):
        return tuple((k, plain(v)) for k, v in value.fields.items())
    if isinstance(value, tuple) and all(isinstance(v, tuple) for v in value):
        return value
    return None


# For each kind of the table what it is called, and the value that fits or None.
FITS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "bool": ("truth value", _bool),
    "bools": ("list of truth values", _bools),
    "dict": ("dictionary", _dict),
    "f32": ("float", _float(np.float32)),
    "f64": ("float", _float(np.float64)),
    "i64": ("integer", _integer),
    "i64s": ("list of integers", _integers),
    "literal": ("literal", lambda v: v if isinstance(v, Literal) else None),
    "pairs": ("matrix of integers", _pairs),
    "str": ("string", lambda v: v if isinstance(v, str) else None),
    "symbol": ("symbol", lambda v: v.name if isinstance(v, Symbol) else None),
}


def words(value: Any) -> list[str] | None:
    """The words of an enum attribute, of one or of a list; None if it is something else."""
    found = [
        v.word if isinstance(v, Struct) else v
        for v in (value if isinstance(value, tuple) else (value,))
    ]
    return found if all(isinstance(w, str) for w in found) else None
