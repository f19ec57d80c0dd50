"""Scalar ops of the nest IR as LLVM instructions on values of any vector width.

16-bit floats are held as their bits, and LLVM's ``half`` is used for conversions only; bfloat is
not used at all (``vcvtneps2bf16`` flushes subnormals). What LLVM leaves undefined - division by
zero, shifts past the width, conversions out of range - is guarded here as the nest IR says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from compiler.codegen import narrow
from compiler.codegen.text import REGISTER, Text, constant, register, splat_of, suffix, vector
from compiler.dtypes import BF16, F16, F32, F64, I64, UI16, UI32, UI64, DType, working
from compiler.errors import InternalError
from compiler.nest.ir import Inst

_INSTRUCTION = {
    "fadd": "fadd",
    "fsub": "fsub",
    "fmul": "fmul",
    "fdiv": "fdiv",
    "frem": "frem",
    "iadd": "add",
    "isub": "sub",
    "imul": "mul",
    "iand": "and",
    "ior": "or",
    "ixor": "xor",
}

_INTRINSIC = {
    "fma": "fma",
    "fsqrt": "sqrt",
    "fabs": "fabs",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "rint": "roundeven",
    "copysign": "copysign",
    "fmax": "maximum",
    "fmin": "minimum",
    "ctpop": "ctpop",
    "smax": "smax",
    "smin": "smin",
    "umax": "umax",
    "umin": "umin",
}

_FLOAT_COMPARE = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}

# Without vector instructions: a vector of these would be taken apart lane by lane.
SCALAR_ONLY = frozenset({"sdiv", "udiv", "srem", "urem", "frem"})


def emit(t: Text, inst: Inst, args: Sequence[str], dtypes: Sequence[DType], width: int) -> str:
    """Append one op on ``width`` elements and return its value.

    ``dtypes`` are those of the arguments. Loads, indices, arguments and calls are the business of
    :mod:`compiler.codegen.body`.
    """
    op = inst.op
    if op in _INSTRUCTION:
        return t.e(f"{_INSTRUCTION[op]} {register(inst.dtype, width)} {args[0]}, {args[1]}")
    if op in _INTRINSIC:
        return t.intrinsic(_INTRINSIC[op], REGISTER[inst.dtype], width, *args)
    found = _SPECIAL.get(op)
    if found is None:
        raise InternalError(f"codegen: unknown scalar op {op}")
    return found(t, inst, args, dtypes, width)


Special = Callable[[Text, Inst, Sequence[str], Sequence[DType], int], str]


def _int(dtype: DType, value: int, width: int) -> str:
    return splat_of(REGISTER[dtype], str(value), width)


def choose(t: Text, mask: str, scalar: str, width: int, a: str, b: str) -> str:
    """``select`` by element."""
    whole = vector(scalar, width)
    return t.e(f"select {vector('i1', width)} {mask}, {whole} {a}, {whole} {b}")


def _fneg(t: Text, inst: Inst, args: Sequence[str], _dtypes: Sequence[DType], width: int) -> str:
    return t.e(f"fneg {register(inst.dtype, width)} {args[0]}")


def _ctlz(t: Text, inst: Inst, args: Sequence[str], _dtypes: Sequence[DType], width: int) -> str:
    whole = register(inst.dtype, width)
    name = f"llvm.ctlz.{suffix(REGISTER[inst.dtype], width)}"
    return t.call(whole, name, [(whole, args[0]), ("i1", "false")])


def _shift(t: Text, inst: Inst, args: Sequence[str], _dtypes: Sequence[DType], width: int) -> str:
    """Past the width: zeros, or copies of the sign."""
    scalar, whole, bits = REGISTER[inst.dtype], register(inst.dtype, width), inst.dtype.bits
    x, amount = args
    if inst.op == "ashr":
        near = t.intrinsic("umin", scalar, width, amount, _int(inst.dtype, bits - 1, width))
        return t.e(f"ashr {whole} {x}, {near}")
    inside = t.e(f"icmp ult {whole} {amount}, {_int(inst.dtype, bits, width)}")
    zero = _int(inst.dtype, 0, width)
    near = choose(t, inside, scalar, width, amount, zero)
    return choose(t, inside, scalar, width, t.e(f"{inst.op} {whole} {x}, {near}"), zero)


def _divide(t: Text, inst: Inst, args: Sequence[str], _dtypes: Sequence[DType], width: int) -> str:
    """Division that never traps: divisors of 0, and of -1 under the least value, become 1."""
    dtype = inst.dtype
    scalar, whole = REGISTER[dtype], register(dtype, width)
    a, b = args
    zero = t.e(f"icmp eq {whole} {b}, {_int(dtype, 0, width)}")
    bad = zero
    if inst.op in ("sdiv", "srem"):
        least = t.e(f"icmp eq {whole} {a}, {_int(dtype, -(1 << (dtype.bits - 1)), width)}")
        minus = t.e(f"icmp eq {whole} {b}, {_int(dtype, -1, width)}")
        both = t.e(f"and {vector('i1', width)} {least}, {minus}")
        bad = t.e(f"or {vector('i1', width)} {zero}, {both}")
    safe = choose(t, bad, scalar, width, _int(dtype, 1, width), b)
    result = t.e(f"{inst.op} {whole} {a}, {safe}")
    at_zero = _int(dtype, -1, width) if inst.op.endswith("div") else a
    return choose(t, zero, scalar, width, at_zero, result)


def _compare(t: Text, inst: Inst, args: Sequence[str], dtypes: Sequence[DType], width: int) -> str:
    dtype = dtypes[0]
    if dtype.is_float:
        op = f"fcmp {_FLOAT_COMPARE[inst.imm]}"
    elif inst.imm in ("eq", "ne"):
        op = f"icmp {inst.imm}"
    else:
        op = f"icmp {'s' if dtype.kind == 'int' else 'u'}{inst.imm}"
    return t.e(f"{op} {register(dtype, width)} {args[0]}, {args[1]}")


def _select(t: Text, inst: Inst, args: Sequence[str], _dtypes: Sequence[DType], width: int) -> str:
    return choose(t, args[0], REGISTER[inst.dtype], width, args[1], args[2])


def _bitcast(t: Text, inst: Inst, args: Sequence[str], dtypes: Sequence[DType], width: int) -> str:
    have, want = register(dtypes[0], width), register(inst.dtype, width)
    return args[0] if have == want else t.e(f"bitcast {have} {args[0]} to {want}")


def _convert(t: Text, inst: Inst, args: Sequence[str], dtypes: Sequence[DType], width: int) -> str:
    return convert(t, args[0], dtypes[0], inst.dtype, width)


_SPECIAL: dict[str, Special] = {
    "fneg": _fneg,
    "ctlz": _ctlz,
    "shl": _shift,
    "lshr": _shift,
    "ashr": _shift,
    "sdiv": _divide,
    "udiv": _divide,
    "srem": _divide,
    "urem": _divide,
    "cmp": _compare,
    "select": _select,
    "bitcast": _bitcast,
    "convert": _convert,
}


# Conversions


def convert(t: Text, x: str, source: DType, target: DType, width: int) -> str:
    """The ``convert`` of the nest IR."""
    if source is target:
        return x
    if source.narrow:
        return convert(t, narrow.widen(t, x, source, width), working(source), target, width)
    if target.narrow:
        return _to_narrow(t, x, source, target, width)
    have, want = register(source, width), register(target, width)
    if target.kind == "bool":
        return _to_bool(t, x, source, width)
    if source.is_float:
        return (
            _float_to_float(t, x, source, target, width)
            if target.is_float
            else _float_to_int(t, x, source, target, width)
        )
    if target in (F16, BF16):
        return _int_to_narrow(t, x, source, target, width)
    if target.is_float:
        return t.e(f"{'si' if source.kind == 'int' else 'ui'}tofp {have} {x} to {want}")
    if source.bits == target.bits:
        return x
    if source.bits > target.bits:
        return t.e(f"trunc {have} {x} to {want}")
    return t.e(f"{'sext' if source.kind == 'int' else 'zext'} {have} {x} to {want}")


def _to_narrow(t: Text, x: str, source: DType, target: DType, width: int) -> str:
    """Integers by way of 8 bits, floats by way of f32, which is rounded to odd before."""
    if target.is_integer:
        if source.is_float:
            return narrow.cut(t, _float_to_int(t, x, source, target, width), target, width)
        return narrow.cut(t, convert(t, x, source, working(target), width), target, width)
    if source.kind == "bool" or (source.is_integer and source.bits < 32):
        x = convert(t, x, source, F32, width)
    elif source.is_integer:
        x = _round_to_odd(t, _exact_f64(t, x, source, width), width)
    elif source is F64:
        x = _round_to_odd(t, x, width)
    elif source is not F32:
        x = _widen(t, x, source, width)
    return narrow.round_f32(t, x, target, width)


def _to_bool(t: Text, x: str, source: DType, width: int) -> str:
    whole = register(source, width)
    if source.is_float and source.bits > 16:
        zero = constant(source, b"\0" * source.numpy.itemsize, width)
        return t.e(f"fcmp une {whole} {x}, {zero}")
    if source.is_float:
        x = t.e(f"and {whole} {x}, {_int(UI16, 0x7FFF, width)}")
    return t.e(f"icmp ne {whole} {x}, {_int(source, 0, width)}")


def _float_to_float(t: Text, x: str, source: DType, target: DType, width: int) -> str:
    """Rounds once: f64 goes to 16 bits by way of f32 rounded to odd."""
    if source.bits == 16:
        x = _widen(t, x, source, width)
        if target is F32:
            return x
        if target is F64:
            return t.e(f"fpext {register(F32, width)} {x} to {register(F64, width)}")
    elif source is F64 and target is F32:
        return t.e(f"fptrunc {register(F64, width)} {x} to {register(F32, width)}")
    elif source is F64:
        x = _round_to_odd(t, x, width)
    elif target is F64:
        return t.e(f"fpext {register(F32, width)} {x} to {register(F64, width)}")
    return _narrow(t, x, target, width)


def _widen(t: Text, x: str, source: DType, width: int) -> str:
    """16 bits to f32, exact."""
    i16, i32, f32 = (vector(s, width) for s in ("i16", "i32", "float"))
    if source is F16:
        half = t.e(f"bitcast {i16} {x} to {vector('half', width)}")
        return t.e(f"fpext {vector('half', width)} {half} to {f32}")
    wide = t.e(f"zext {i16} {x} to {i32}")
    bits = t.e(f"shl {i32} {wide}, {_int(UI32, 16, width)}")
    return t.e(f"bitcast {i32} {bits} to {f32}")


def _narrow(t: Text, x: str, target: DType, width: int) -> str:
    """f32 to 16 bits, rounded to nearest even."""
    i16, i32, f32 = (vector(s, width) for s in ("i16", "i32", "float"))
    if target is F16:
        half = t.e(f"fptrunc {f32} {x} to {vector('half', width)}")
        return t.e(f"bitcast {vector('half', width)} {half} to {i16}")
    bits = t.e(f"bitcast {f32} {x} to {i32}")
    high = t.e(f"lshr {i32} {bits}, {_int(UI32, 16, width)}")
    odd = t.e(f"and {i32} {high}, {_int(UI32, 1, width)}")
    bias = t.e(f"add {i32} {odd}, {_int(UI32, 0x7FFF, width)}")
    near = t.e(f"lshr {i32} {t.e(f'add {i32} {bits}, {bias}')}, {_int(UI32, 16, width)}")
    nan = t.e(f"fcmp uno {f32} {x}, {x}")
    rounded = choose(t, nan, "i32", width, _int(UI32, 0x7FC0, width), near)
    return t.e(f"trunc {i32} {rounded} to {i16}")


def _round_to_odd(t: Text, x: str, width: int) -> str:
    """f64 to f32 that may be rounded once more: an inexact result gets an odd last bit.

    Source: Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms
    using rounding to odd", IEEE Transactions on Computers 57(4), 2008.
    """
    i32, f32, f64 = (vector(s, width) for s in ("i32", "float", "double"))
    near = t.e(f"fptrunc {f64} {x} to {f32}")
    back = t.e(f"fpext {f32} {near} to {f64}")
    inexact = t.e(f"fcmp one {f64} {back}, {x}")
    away = t.e(
        f"fcmp ogt {f64} {t.intrinsic('fabs', 'double', width, back)}, "
        f"{t.intrinsic('fabs', 'double', width, x)}"
    )
    bits = t.e(f"bitcast {f32} {near} to {i32}")
    one = t.e(f"zext {vector('i1', width)} {away} to {i32}")
    down = t.e(f"sub {i32} {bits}, {one}")
    odd = t.e(f"or {i32} {down}, {_int(UI32, 1, width)}")
    return t.e(f"bitcast {i32} {choose(t, inexact, 'i32', width, odd, bits)} to {f32}")


def _int_to_narrow(t: Text, x: str, source: DType, target: DType, width: int) -> str:
    """An integer by way of f64, which is exact; 64 bits are rounded to odd before."""
    return _float_to_float(t, _exact_f64(t, x, source, width), F64, target, width)


def _exact_f64(t: Text, x: str, source: DType, width: int) -> str:
    """An integer as an f64 that rounds to 16 bits and less as the integer does."""
    if source.bits == 64:
        x = _sticky(t, x, source, width)
    op = "sitofp" if source.kind == "int" else "uitofp"
    return t.e(f"{op} {register(source, width)} {x} to {register(F64, width)}")


def _sticky(t: Text, x: str, source: DType, width: int) -> str:
    """A 64-bit integer of at most 53 significant bits that rounds to 16 bits as ``x`` does."""
    whole = register(source, width)
    low = t.e(f"and {whole} {x}, {_int(UI64, 2047, width)}")
    some = t.e(f"icmp ne {whole} {low}, {_int(UI64, 0, width)}")
    high = t.e(f"and {whole} {x}, {_int(UI64, -2048, width)}")
    odd = t.e(f"or {whole} {high}, {_int(UI64, 2048, width)}")
    collapsed = choose(t, some, "i64", width, odd, high)
    # Numbers below 2**53 are exact as they are, and their low bits count.
    if source is I64:
        biased = t.e(f"add {whole} {x}, {_int(UI64, 1 << 53, width)}")
        fits = t.e(f"icmp ult {whole} {biased}, {_int(UI64, 1 << 54, width)}")
    else:
        fits = t.e(f"icmp ult {whole} {x}, {_int(UI64, 1 << 53, width)}")
    return choose(t, fits, "i64", width, x, collapsed)


def _float_to_int(t: Text, x: str, source: DType, target: DType, width: int) -> str:
    """Truncates, saturates, NaN gives 0.

    Up to 32 bits: clamped in f64, where both limits are exact; 64 bits by LLVM's saturating
    intrinsic.
    """
    if source.bits == 16:
        x, source = _widen(t, x, source, width), F32
    scalar, want = REGISTER[target], register(target, width)
    if target.bits == 64:
        name = f"llvm.fpto{'s' if target.kind == 'int' else 'u'}i.sat"
        full = f"{name}.{suffix(scalar, width)}.{suffix(REGISTER[source], width)}"
        return t.call(want, full, [(register(source, width), x)])
    if source is F32:
        x = t.e(f"fpext {register(F32, width)} {x} to {register(F64, width)}")
    least = -(1 << (target.bits - 1)) if target.kind == "int" else 0
    f64, i1 = register(F64, width), vector("i1", width)
    for bound, test in ((least, "olt"), (least + (1 << target.bits) - 1, "ogt")):
        limit = constant(F64, np.float64(bound).tobytes(), width)
        x = choose(t, t.e(f"fcmp {test} {f64} {x}, {limit}"), "double", width, limit, x)
    nan = t.e(f"fcmp uno {f64} {x}, {x}")
    x = t.e(f"select {i1} {nan}, {f64} {constant(F64, bytes(8), width)}, {f64} {x}")
    # ui32 does not fit i32: convert by way of i64. Everything else fits i32.
    wide = "i64" if target.bits == 32 and target.kind == "uint" else "i32"
    whole = t.e(f"fptosi {f64} {x} to {vector(wide, width)}")
    return whole if wide == scalar else t.e(f"trunc {vector(wide, width)} {whole} to {want}")
