"""convert, reduce_precision (elementwise) and bitcast_convert (which may split or join the minor
dimension).
"""

from __future__ import annotations

from collections.abc import Sequence

import z3

from compiler.dtypes import I1, DType
from verify.smt.elementwise import elementwise
from verify.smt.integers import Int, equal, ite
from verify.smt.scalar import sort_of
from verify.smt.scalar_bits import bitcast, sort
from verify.smt.tensor import Call, Env, Index, Meaning, SymTensor, Term, Unknown


def _reduce_precision(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    env.require("reduce_precision", "C2", call.attrs["exponent_bits"] >= 1)
    env.require("reduce_precision", "C3", call.attrs["mantissa_bits"] >= 0)
    return elementwise(env, xs, call)


def _bitcast_convert(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    x, out = xs[0], call.dtypes[0]
    if env.reading != "bits" and (x.dtype.is_float or out.is_float):
        if x.dtype.bits != out.bits:
            raise Unknown("bitcast_convert between widths needs the reading of bits")
        return (SymTensor(x.shape, out, lambda i: _named(env, x, out, i)),)
    if I1 in (x.dtype, out) and x.dtype is not out:
        raise Unknown("bitcast_convert of i1")
    if x.dtype.bits == out.bits:
        return (SymTensor(x.shape, out, lambda i: bitcast(env, x.dtype, out, x.at(i))),)
    return (_split(env, x, call) if x.dtype.bits > out.bits else _join(env, x, call),)


def _named(env: Env, x: SymTensor, out: DType, index: Index) -> Term:
    return env.uninterpreted(f"bitcast.{x.dtype}.{out}", (x.at(index),), sort_of(out, env.reading))


def _typed(raw: Term, out: DType) -> Term:
    return z3.fpBVToFP(raw, sort(out)) if out.is_float else raw


def _raw(env: Env, x: SymTensor, index: Index) -> Term:
    term = x.at(index)
    return z3.fpToIEEEBV(term) if x.dtype.is_float else term


def _split(env: Env, x: SymTensor, call: Call) -> SymTensor:
    """One wide element becomes a row of narrow ones, low bits first."""
    out = call.dtypes[0]
    count = x.dtype.bits // out.bits

    def element(index: Index) -> Term:
        raw = _raw(env, x, index[:-1])
        slices = [z3.Extract((k + 1) * out.bits - 1, k * out.bits, raw) for k in range(count)]
        return _choose(index[-1], [_typed(s, out) for s in slices])

    return SymTensor((*x.shape, count), out, element)


def _join(env: Env, x: SymTensor, call: Call) -> SymTensor:
    """A row of narrow elements becomes a wide one, low bits first."""
    out = call.dtypes[0]
    count = out.bits // x.dtype.bits
    env.require("bitcast_convert", "C1", equal(x.shape[-1], count))

    def element(index: Index) -> Term:
        return _typed(
            z3.Concat(*(_raw(env, x, (*index, k)) for k in range(count - 1, -1, -1))), out
        )

    return SymTensor(x.shape[:-1], out, element)


def _choose(at: Int, parts: Sequence[Term]) -> Term:
    chosen = parts[-1]
    for k in range(len(parts) - 2, -1, -1):
        chosen = ite(equal(at, k), parts[k], chosen)
    return chosen


SMT: dict[str, Meaning] = {
    "convert": elementwise,
    "reduce_precision": _reduce_precision,
    "bitcast_convert": _bitcast_convert,
}
