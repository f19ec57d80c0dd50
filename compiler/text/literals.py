"""``dense<...>`` literals: text to bytes and back, exactly.

Decimals are read as f64 and rounded once to the element type, as MLIR does; special values are
hexadecimal bit patterns; blobs are row-major little-endian with one byte for an i1. Source: MLIR
Builtin Dialect, *DenseElementsAttr*.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from compiler.dtypes import BF16, F16, F32, F64, DType, working
from compiler.ir import Array, Literal, TensorType
from compiler.text.lexer import MAX_DIGITS

BLOB_FROM = 100  # elements beyond which a literal is printed as a blob, as MLIR does
_ELEMENT = re.compile(r"[^\[\],\s]+")
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"-?(?:0x[0-9A-Fa-f]+|[0-9]+)")
_HEX = re.compile(r"0x[0-9A-Fa-f]+")
_PLAIN_FLOATS = re.compile(r"[-0-9.A-Fa-fx+\[\],\s]*")
_PLAIN_INTS = re.compile(r"[-0-9\[\],\s]*")
_STRAY_PLUS = re.compile(r"(?<![eE])\+")
_PACKED = {F16: "e", F32: "f", F64: "d"}  # struct rounds once, to nearest even
_BOOLS = {"true": True, "false": False}
_COMMENT = re.compile(r"//[^\n]*")


class LiteralError(Exception):
    """What is wrong with a literal, and at which character of its body."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def read_dense(body: str, t: TensorType) -> Literal:
    """The literal ``dense<body> : t``; LiteralError if they do not fit."""
    if "//" in body:
        body = _COMMENT.sub(lambda m: " " * len(m[0]), body)
    stripped = body.strip()
    if stripped.startswith('"'):
        return _read_blob(stripped, t)
    if not stripped:
        if t.size:
            raise LiteralError(f"an empty literal for {t}, which has {t.size} elements")
        return Literal(t, b"")
    elements = stripped.replace("[", " ").replace("]", " ").split(",")
    if "[" not in stripped:
        if len(elements) != 1:
            raise LiteralError("a list needs brackets")
        data = _elements(body, elements, t.dtype).tobytes()
        return Literal(t, data if t.size else b"")
    _check_shape(body, stripped, len(elements), t)
    if t.size == 0:
        return Literal(t, b"")
    return _literal(t, _elements(body, elements, t.dtype).tobytes())


def _literal(t: TensorType, data: bytes) -> Literal:
    """The literal of all its elements' bytes; a splat is stored once."""
    item = t.dtype.numpy.itemsize
    splat = data == data[:item] * t.size
    return Literal(t, data[:item] if splat else data)


def _read_blob(quoted: str, t: TensorType) -> Literal:
    item = t.dtype.numpy.itemsize
    if not quoted.startswith('"0x') or not quoted.endswith('"'):
        raise LiteralError('a blob must look like "0x00FF"')
    try:
        data = bytes.fromhex(quoted[3:-1])
    except ValueError:
        raise LiteralError("a blob must hold an even number of hexadecimal digits") from None
    if len(data) not in (item, t.nbytes):
        raise LiteralError(f"a blob of {len(data)} bytes does not fit {t}, which has {t.nbytes}")
    if t.dtype.kind == "bool" and data.strip(b"\0\1"):
        raise LiteralError("a blob of i1 holds a byte that is neither 0 nor 1")
    if t.dtype.bits < 8 and t.dtype.is_integer:
        data = bytes(b & ((1 << t.dtype.bits) - 1) for b in data)  # MLIR, too, reads the low bits
    if len(data) == item:
        return Literal(t, data if t.size else b"")
    return _literal(t, data)


def _check_shape(body: str, stripped: str, count: int, t: TensorType) -> None:
    """Compare brackets and commas with those that the shape demands."""
    if t.size == 0:
        if re.sub(r"[\[\],\s]", "", stripped):
            raise LiteralError(f"elements in a literal of {t}, which has none")
        return
    if count == t.size and t.rank:
        if t.rank == 1 and stripped.rfind("[") == 0 and stripped.find("]") == len(stripped) - 1:
            return
        want = ""
        for n in reversed(t.shape):
            want = "[" + ",".join([want] * n) + "]"
        if re.sub(r"[^\[\],]+", "", stripped) == want:
            return
    found = sum(1 for _ in _ELEMENT.finditer(body))
    if found != t.size:
        raise LiteralError(f"{found} elements for {t}, which has {t.size}")
    raise LiteralError(f"the brackets do not have the shape {list(t.shape)}")


def _elements(body: str, parts: Sequence[str], dtype: DType) -> Array:
    """Parse the elements: all at once where that is plain, else one by one."""
    try:
        if dtype.is_float and _PLAIN_FLOATS.fullmatch(body) and not _STRAY_PLUS.search(body):
            return _floats(body, parts, dtype)
        if dtype.is_integer and _PLAIN_INTS.fullmatch(body) and max(map(len, parts)) < MAX_DIGITS:
            return _integers(list(map(int, parts)), dtype)
        if dtype.kind == "bool":
            return np.array([_BOOLS[p.strip()] for p in parts])
    except (ValueError, KeyError, LiteralError):
        pass  # found again below, with its place
    found = list(_ELEMENT.finditer(body))
    if len(found) != len(parts):
        raise LiteralError("an element is missing or two stand without a comma")
    out = np.empty(len(parts), dtype.numpy)
    for i, m in enumerate(found):
        try:
            out[i] = _element(m[0], dtype)
        except LiteralError as e:
            raise LiteralError(str(e), m.start()) from None
    return out


def _floats(body: str, parts: Sequence[str], dtype: DType) -> Array:
    """Decimals and bit patterns; ValueError if anything else is among them."""
    patterns = [i for i, p in enumerate(parts) if "x" in p] if "x" in body else []
    if body.count(".") + len(patterns) != len(parts):
        raise ValueError
    if not patterns and dtype in _PACKED:
        with suppress(OverflowError):  # else they may become infinite
            data = struct.pack(f"<{len(parts)}{_PACKED[dtype]}", *map(float, parts))
            return np.frombuffer(data, dtype.numpy)
    decimals = list(parts)
    for i in patterns:
        decimals[i] = "0.0"
    out = round_floats(np.array(list(map(float, decimals)), np.float64), dtype)
    for i in patterns:
        out[i] = _element(parts[i].strip(), dtype)
    return out


def _element(text: str, dtype: DType) -> Any:
    shown = text if len(text) <= 40 else text[:37] + "..."
    if dtype.kind == "bool" and text in _BOOLS:
        return _BOOLS[text]
    if len(text) > MAX_DIGITS:
        raise LiteralError(f"{shown!a} is too long for an element")
    if not dtype.is_float:
        if not _INTEGER.fullmatch(text):
            raise LiteralError(f"{shown!a} is no element of type {dtype}")
        return _integers([int(text, 16) if "x" in text else int(text)], dtype)[0]
    if _HEX.fullmatch(text):
        bits = int(text, 16)
        if bits >> dtype.bits:
            raise LiteralError(f"{shown} has more than the {dtype.bits} bits of {dtype}")
        return np.array(bits, f"u{dtype.bits // 8}").view(dtype.numpy)
    if not _DECIMAL.fullmatch(text):
        dot = ": write it with a dot" if _INTEGER.fullmatch(text) else ""
        raise LiteralError(f"{shown!a} is no element of type {dtype}{dot}")
    return round_floats(np.array([float(text)]), dtype)[0]


def _integers(values: list[int], dtype: DType) -> Array:
    """Two's complement; signless types take what fits their bits either way, as in MLIR."""
    low = 0 if dtype.kind == "uint" else -(1 << (dtype.bits - 1))
    if min(values) < low or max(values) >> dtype.bits > 0:
        raise LiteralError(
            f"{next(v for v in values if v < low or v >> dtype.bits > 0)} does not fit {dtype}"
        )
    if max(values) >> 63:
        wide = np.array([v & ((1 << 64) - 1) for v in values], np.uint64)
    else:
        wide = np.array(values, np.int64)
    return (
        wide != 0 if dtype.kind == "bool" else wide.astype(working(dtype).numpy).astype(dtype.numpy)
    )


def round_floats(values: Array, dtype: DType) -> Array:
    """f64 to ``dtype``, rounded once to nearest, ties to even; out of range gives infinity, or NaN
    where there is none.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if dtype is not BF16 and not dtype.narrow:
            return values.astype(dtype.numpy)
        # ml_dtypes goes through f32, which would round twice: round to odd first.
        single = values.astype(np.float32)
        bits = single.view(np.uint32).copy()
        finite = np.isfinite(single)
        inexact = finite & (single.astype(np.float64) != values)
        away = inexact & (np.abs(single.astype(np.float64)) > np.abs(values))
        bits = np.where(away, bits - 1, bits)
        bits = np.where(inexact, bits | 1, bits).astype(np.uint32)
        return bits.view(np.float32).astype(dtype.numpy)


def write_dense(literal: Literal) -> str:
    """``dense<...>`` without the type; reads back bit for bit, here and in MLIR."""
    t = literal.type
    if t.size == 0:
        return "dense<>"
    if literal.is_splat:
        return f"dense<{_spell(literal.item(), t.dtype)}>"
    if t.size > BLOB_FROM:
        return f'dense<"0x{literal.data.hex().upper()}">'
    return f"dense<{_nested(literal.array(), t.dtype)}>"


def _nested(array: Array, dtype: DType) -> str:
    if array.ndim == 0:
        return _spell(array[()], dtype)
    return "[" + ", ".join(_nested(a, dtype) for a in array) + "]"


def _spell(value: Any, dtype: DType) -> str:
    """One element: decimal where that is exact to the bit, else its bit pattern."""
    if dtype.kind == "bool":
        return "true" if value else "false"
    if not dtype.is_float:
        return str(int(value))
    bits = int(np.asarray(value).view(f"u{dtype.bits // 8}"))
    number = float(value)
    if np.isfinite(number):
        for digits in (6, 8, 16):
            text = f"{number:.{digits}e}"
            back = round_floats(np.array([float(text)]), dtype)
            if int(back.view(f"u{dtype.bits // 8}")[0]) == bits:
                return text
    return f"0x{bits:0{dtype.bits // 4}X}"
