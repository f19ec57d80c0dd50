"""Functions that ``call`` names: those of :mod:`compiler.nest.math`, and integer power."""

from __future__ import annotations

from functools import cache

from compiler.dtypes import BY_NAME, I1, DType
from compiler.errors import InternalError
from compiler.nest.ir import Body, Scalars


@cache
def function(name: str) -> Body:
    """The body of function ``name`` (``exp.f32``). InternalError if there is none."""
    from compiler.nest.math import MATH  # building all bodies takes a moment

    stem, _, dtype = name.partition(".")
    if stem == "pow" and not BY_NAME[dtype].is_float:
        return _integer_power(BY_NAME[dtype])
    if name not in MATH:
        raise InternalError(f"nest IR: there is no function {name}")
    return MATH[name]


def _integer_power(dtype: DType) -> Body:
    """Square and multiply over all bits of the exponent; negative ones give the reciprocal.

    1 stays 1, -1 alternates, and every other base, 0 too, gives 0 to a negative exponent.
    """
    s = Scalars()
    base, exponent = (s.emit("arg", dtype=dtype, imm=k) for k in range(2))
    one, zero = s.const(1, dtype), s.const(0, dtype)
    result, square, rest = one, base, exponent
    bits = dtype.bits - (dtype.kind == "int")
    for k in range(bits):
        odd = s.emit("cmp", s.emit("iand", rest, one, dtype=dtype), zero, dtype=I1, imm="ne")
        times = s.emit("imul", result, square, dtype=dtype)
        result = s.emit("select", odd, times, result, dtype=dtype)
        if k < bits - 1:
            square = s.emit("imul", square, square, dtype=dtype)
            rest = s.emit("lshr", rest, one, dtype=dtype)
    if dtype.kind == "uint":
        return s.body(result)
    minus = s.const(-1, dtype)
    odd = s.emit("cmp", s.emit("iand", exponent, one, dtype=dtype), zero, dtype=I1, imm="ne")
    alternating = s.emit("select", odd, minus, one, dtype=dtype)
    is_one = s.emit("cmp", base, one, dtype=I1, imm="eq")
    is_minus = s.emit("cmp", base, minus, dtype=I1, imm="eq")
    other = s.emit("select", is_minus, alternating, zero, dtype=dtype)
    inverse = s.emit("select", is_one, one, other, dtype=dtype)
    negative = s.emit("cmp", exponent, zero, dtype=I1, imm="lt")
    return s.body(s.emit("select", negative, inverse, result, dtype=dtype))
