"""Tables of element values: one a dtype and name, drawn once from a fixed seed.

An array of any shape is a window of a table, so that drawing one costs a slice and no arithmetic.
Tables of :mod:`verify.gen.related` apart, each starts with a ramp of small numbers: offset 0 is the
simplest array.

Names: ``normal`` (moderate numbers, no NaN or infinity; floats also halfway between neighbours of a
narrower format), ``exact`` (small integers, also in the float types: sums and products are exact;
half of the zeros are negative), ``unit`` (as ``exact`` with -1, 0, 1 only, for programs in which
numbers grow), ``special`` (one in sixteen a NaN, three an infinity, signed zero, subnormal, tie or
limit of the type), ``wide`` (uniform bits without NaN and infinity), and those of related values:
``cancel``, and a few on one side.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from compiler.dtypes import FLOATS, NARROW_FLOATS, DType
from compiler.ir import Array, TensorType
from verify.gen.related import FAR, cancelling, one_sided

SIZE = 1 << 16
RAMP = 16
_TIES = 4  # one float in so many lies at or beside a tie of a narrower format
TABLES = ("normal", "exact", "unit", "special", "wide", "cancel", *FAR)

_FLOAT_LIMITS: dict[str, tuple[float, float, float]] = {
    # dtype: largest finite, smallest normal, smallest subnormal
    "f16": (65504.0, 2.0**-14, 2.0**-24),
    "bf16": (3.3895313892515355e38, 2.0**-126, 2.0**-133),
    "f32": (3.4028234663852886e38, 2.0**-126, 2.0**-149),
    "f64": (1.7976931348623157e308, 2.0**-1022, 2.0**-1074),
    "f8E3M4": (15.5, 2.0**-2, 2.0**-6),
    "f8E4M3": (240.0, 2.0**-6, 2.0**-9),
    "f8E4M3B11FNUZ": (30.0, 2.0**-10, 2.0**-13),
    "f8E4M3FN": (448.0, 2.0**-6, 2.0**-9),
    "f8E4M3FNUZ": (240.0, 2.0**-7, 2.0**-10),
    "f8E5M2": (57344.0, 2.0**-14, 2.0**-16),
    "f8E5M2FNUZ": (57344.0, 2.0**-15, 2.0**-17),
}


def integer_limits(dtype: DType) -> tuple[int, int]:
    """The smallest and the largest value of an integer dtype."""
    if dtype.kind == "uint":
        return 0, (1 << dtype.bits) - 1
    return -(1 << (dtype.bits - 1)), (1 << (dtype.bits - 1)) - 1


def limits(dtype: DType) -> tuple[float, float]:
    """The smallest and the largest finite value of a dtype; of 64-bit integers as f64 has them."""
    if dtype.kind == "bool":
        return 0, 1
    if dtype.is_float:
        top = _FLOAT_LIMITS[dtype.name][0]
        return -top, top
    low, high = integer_limits(dtype)
    return low, high if dtype.bits < 64 else high - 2**11 + 1


def _halfway(dtype: DType) -> list[float]:
    """Values halfway between neighbours of each narrower format, and a crumb to either side: two
    roundings differ from one.
    """
    out = []
    for p in (8, 11, 24):  # bf16, f16, f32
        if p < dtype.precision:
            crumb = 2.0 ** (1 - dtype.precision)
            out += [1 + 2.0**-p + crumb, 1 + 3 * 2.0**-p - crumb, 1 + 2.0**-p]
    return out


def specials(dtype: DType) -> Array:
    """Values at which implementations go wrong: zeros, limits, NaN, halves, powers of two."""
    if dtype.kind == "bool":
        return np.array([False, True])
    if dtype.is_float:
        top, normal, tiny = _FLOAT_LIMITS[dtype.name]
        eps = 2.0 ** (1 - dtype.precision)
        values = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, top, -top, normal, -normal]
        values += [tiny, -tiny, normal - tiny, 1 + eps, 1 - eps / 2, 1 / eps, 2 / eps, -1 / eps]
        values += [0.5, -0.5, 1.5, 2.5, -2.5, 127.5, -128.5, 255.5, 256.0, 32767.5, -32769.0]
        # Where adding a half rounds: below a half, and odd numbers that have no halves.
        values += [0.5 - eps / 4, eps / 4 - 0.5, 1 / eps + 1, -1 / eps - 1]
        values += [65535.5, 3e-5, 88.8, -104.0, 11.1, -17.4, 0.1, 3.14159265]
        values += [2.0**31, 2.0**31 - 0.5, -(2.0**31) - 1, 2.0**32, 2.0**63, -(2.0**63), 2.0**64]
        values += _halfway(dtype)
        with np.errstate(over="ignore"):
            return np.array(values).astype(dtype.numpy)
    low, high = integer_limits(dtype)
    bits = dtype.bits
    picked = [0, 1, 2, 3, 10, 0x55, high, high - 1, high // 2, high // 2 + 1, low, low + 1]
    picked += [bits, bits - 1, bits + 1]
    if low:
        picked += [-1, -2, -3, low // 2, -10, -bits]
    return np.array([v for v in picked if low <= v <= high], dtype=dtype.numpy)


@cache
def splats(dtype: DType) -> tuple[bytes, ...]:
    """Bytes of splat constants: 0, 1, -1, 2, 0.5, -0 and the like often, special ones seldom."""
    if dtype.kind == "bool":
        return (b"\0", b"\1")
    frequent: list[Any] = [0, 1, 0, 1, 2, 3, 4, 0, 1, 2, 8, 5]
    if dtype.kind != "uint":
        frequent += [-1, -1, -2, -4]
    if dtype.is_float:
        frequent += [-0.0, -0.0, 0.5, 0.5, 0.25, -0.5, 0.1, 3.5, 1024.0, 2.0**-10]
        frequent += [np.inf, -np.inf, np.nan]
    else:
        frequent += [dtype.bits - 1, dtype.bits, 16, 7, 64, *integer_limits(dtype)]
    common = [np.array(v).astype(dtype.numpy) for v in frequent]
    return tuple(v.tobytes() for v in (*common, *common, *specials(dtype)))


@cache
def table_bytes(dtype: DType, name: str) -> bytes:
    """``SIZE`` values of ``dtype`` as bytes; NumPy's legacy generator is the same everywhere."""
    seed = TABLES.index(name) * 64 + dtype.bits + 7 * len(dtype.kind)
    rng = np.random.RandomState(seed)
    if name == "cancel":
        return cancelling(dtype, SIZE, rng).tobytes()
    if name in FAR:
        return one_sided(dtype, SIZE, rng, name).tobytes()
    if dtype.is_float:
        return _float_table(dtype, name, rng).tobytes()
    if dtype.is_integer:
        return _integer_table(dtype, name, rng).tobytes()
    flags: Array = rng.randint(0, 2, SIZE) == 1
    flags[:RAMP] = np.arange(RAMP) % 2 == 1
    return flags.tobytes()


@cache
def table(dtype: DType, name: str) -> Array:
    """:func:`table_bytes` as a read-only array."""
    return np.frombuffer(table_bytes(dtype, name), dtype.numpy)


def _small(name: str, low: int, rng: np.random.RandomState) -> Array:
    span = 1 if name == "unit" else 4
    return np.asarray(rng.randint(-span if low else 0, span + 1, SIZE))


def _float_table(dtype: DType, name: str, rng: np.random.RandomState) -> Array:
    if name in ("exact", "unit"):
        small = _small(name, -1, rng).astype(np.float64)
        small[(small == 0) & (rng.randint(0, 2, SIZE) == 0)] = -0.0
        out = small.astype(dtype.numpy)
        out[:RAMP] = (np.arange(RAMP) % (2 if name == "unit" else 4)).astype(dtype.numpy)
        return out
    kind = rng.randint(0, 16, SIZE)
    values = rng.standard_normal(SIZE) * 2
    values = np.where(kind >= 9, rng.randint(-9, 10, SIZE), values)
    values = np.where(kind >= 12, rng.random_sample(SIZE), values)
    values = np.where(
        kind >= 14, 10.0 ** rng.uniform(-2, 2, SIZE) * rng.choice([-1, 1], SIZE), values
    )
    values = np.where(kind == 15, rng.randint(-64, 65, SIZE) / 8 + 0.5, values)
    out = values.astype(dtype.numpy)
    out = np.where(rng.randint(0, _TIES, SIZE) == 0, _near_ties(values, dtype, rng), out)
    if name == "special":
        odd = rng.choice(specials(dtype), SIZE)
        which = rng.randint(0, 16, SIZE)
        out = np.where(which < 4, odd, out)
        out[which == 0] = np.nan
    elif name == "wide":
        bits = rng.bytes(SIZE * dtype.numpy.itemsize)
        random = np.frombuffer(bits, dtype.numpy)
        with np.errstate(invalid="ignore"):
            out = np.where(np.isfinite(random), random, out)
    out[:RAMP] = np.arange(RAMP).astype(dtype.numpy)
    if name == "special":
        out[2:6] = np.array([np.nan, np.inf, -0.0, -np.inf]).astype(dtype.numpy)
    return out


def _near_ties(values: Array, dtype: DType, rng: np.random.RandomState) -> Array:
    """``values`` moved to the nearest point halfway between two neighbours of a narrower format, or
    to a neighbour in ``dtype`` of that point: where rounding once and rounding twice differ.
    """
    narrower = [d.precision for d in FLOATS if d.precision < dtype.precision]
    if not narrower:
        return values.astype(dtype.numpy)
    scale = 2.0 ** rng.choice(narrower, SIZE)
    fraction, exponent = np.frexp(values)
    ties = np.ldexp((np.floor(fraction * scale) + 0.5) / scale, exponent).astype(dtype.numpy)
    bits = ties.view(f"u{dtype.numpy.itemsize}") + rng.randint(-1, 2, SIZE).astype(
        f"u{dtype.numpy.itemsize}"
    )
    return np.asarray(bits.view(dtype.numpy))


def _integer_table(dtype: DType, name: str, rng: np.random.RandomState) -> Array:
    low, _ = integer_limits(dtype)
    bits = np.frombuffer(rng.bytes(SIZE * dtype.numpy.itemsize), dtype.numpy)
    if dtype.narrow:
        bits = (bits.view(np.uint8) & np.uint8((1 << dtype.bits) - 1)).view(dtype.numpy)
    if name in ("exact", "unit"):
        out = _small(name, low, rng).astype(dtype.numpy)
    elif name == "wide":
        out = bits.copy()
    else:
        kind = rng.randint(0, 8, SIZE)
        out = rng.randint(-10 if low else 0, 11, SIZE).astype(dtype.numpy)
        out = np.where(
            kind == 6, rng.randint(-100 if low else 0, 101, SIZE).astype(dtype.numpy), out
        )
        out = np.where(kind == 7, bits, out)
        if name == "special":
            out = np.where(rng.randint(0, 4, SIZE) == 0, rng.choice(specials(dtype), SIZE), out)
    out[:RAMP] = np.arange(RAMP) % (2 if name == "unit" else RAMP)
    return out


def array_bytes(t: TensorType, offset: int, name: str = "normal") -> bytes:
    """Row-major bytes of an array of type ``t``: the window of the table that begins at ``offset``
    (taken cyclically).
    """
    size = t.size
    data = table_bytes(t.dtype, name)
    item = t.dtype.numpy.itemsize
    at = offset * item
    end = at + size * item
    if end <= len(data):
        return data[at:end]
    return (data * (2 + size // SIZE))[at:end]


def window(t: TensorType, offset: int, name: str = "normal") -> Array:
    """A new array with the elements of :func:`array_bytes`."""
    size = t.size
    if offset + size <= SIZE:
        return table(t.dtype, name)[offset : offset + size].copy().reshape(t.shape)
    data = bytearray(array_bytes(t, offset, name))
    return np.frombuffer(data, t.dtype.numpy, size).reshape(t.shape)


assert set(_FLOAT_LIMITS) == {d.name for d in FLOATS + NARROW_FLOATS}
