"""Bugs of machine code in single instructions: rounding, NaN, signs, narrow types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from compiler.codegen import narrow, scalars
from compiler.codegen.text import Text, constant, register, splat_of, vector
from compiler.dtypes import DType
from compiler.nest.ir import Inst
from verify.faults.base import Install, exchanged, patched
from verify.faults.codegen import declare_codegen


def intrinsic(op: str, name: str) -> Install:
    """A fault that calls another intrinsic for one scalar op."""
    return exchanged(scalars._INTRINSIC, op, lambda _old: name)


def _zero_extended(old: Callable[..., str]) -> Callable[..., str]:
    """Integers of less than 8 bits are all taken for unsigned ones."""

    def widen(t: Text, x: str, source: DType, width: int) -> str:
        if source.kind != "int":
            return old(t, x, source, width)
        mask = splat_of("i8", str((1 << source.bits) - 1), width)
        return t.e(f"and {vector('i8', width)} {x}, {mask}")

    return widen


def _saturating(old: Callable[..., str]) -> Callable[..., str]:
    """What is too large for an 8-bit float becomes the largest one."""

    def rounded(t: Text, x: str, target: DType, width: int) -> str:
        def top(f: narrow.Format) -> narrow.Format:
            return f._replace(over=f.top)

        with exchanged(narrow.FORMATS, target, top)():
            return old(t, x, target, width)

    return rounded


def _from_zero(_old: Any) -> Any:
    """-x is 0 - x: +0 for x = +0."""

    def fneg(t: Text, inst: Inst, args: Sequence[str], _dtypes: Any, width: int) -> str:
        zero = constant(inst.dtype, bytes(inst.dtype.numpy.itemsize), width)
        return str(t.e(f"fsub {register(inst.dtype, width)} {zero}, {args[0]}"))

    return fneg


def _rounds_twice(_old: Any) -> Any:
    """f64 becomes f32 by rounding to nearest, before it is rounded once more."""

    def narrowed(t: Text, x: str, width: int) -> str:
        f64, f32 = vector("double", width), vector("float", width)
        return t.e(f"fptrunc {f64} {x} to {f32}")

    return narrowed


# fmt: off
declare_codegen("i4-zero-extended", "wrong signedness",
                "machine code reads negative integers of less than 8 bits as positive ones",
                patched(narrow, "widen", _zero_extended),
                source="tile-ai/tilelang#2073: sign extension of packed int4")
declare_codegen("f8-saturates", "overflow",
                "machine code saturates what is too large for an 8-bit float",
                patched(narrow, "round_f32", _saturating),
                source="jax-ml/ml_dtypes#260: out of range is 448 or NaN in f8E4M3FN")
declare_codegen("unsigned-maximum-is-signed", "wrong signedness",
                "machine code compares unsigned integers as signed ones for maximum",
                intrinsic("umax", "smax"),
                source="llvm/llvm-project#122723: a signed comparison became an unsigned one")
declare_codegen("negate-from-zero", "sign of zero",
                "machine code negates floats by subtracting them from 0",
                exchanged(scalars._SPECIAL, "fneg", _from_zero),
                source="llvm/llvm-project#57357: a fold changed the sign of zero")
declare_codegen("maximum-is-maxnum", "lost NaN",
                "machine code uses the maximum that prefers numbers to NaN",
                intrinsic("fmax", "maxnum"),
                source="pytorch/pytorch#93784: maximum lost the NaN of one operand")
declare_codegen("rint-half-away", "missing rounding",
                "machine code rounds halves away from zero, not to even",
                intrinsic("rint", "round"),
                source="openvinotoolkit/openvino#2238: two modes of rounding halves")
declare_codegen("floor-truncates", "wrong sign",
                "machine code truncates for floor",
                intrinsic("floor", "trunc"),
                source="apache/tvm#5922: kind of division forgotten by the simplifier")
declare_codegen("f64-rounds-twice", "missing rounding",
                "machine code makes 8 and 16 bits of f64 by way of f32, rounded to nearest",
                patched(scalars, "_round_to_odd", _rounds_twice),
                source="JuliaLang/julia#57809: Float64 to Float16 by way of Float32")
# fmt: on
