"""constant, iota."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import z3

from compiler.dtypes import DType
from compiler.ir import Array, Literal
from verify.smt.integers import Int, linear
from verify.smt.scalar import literal, sort_of
from verify.smt.tensor import Call, Env, Meaning, SymTensor, Term, constant_tensor

LARGEST = 512  # elements of a constant that are spelled out; larger ones are uninterpreted


def _constant(env: Env, _xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    return (literal_tensor(env, call.attrs["value"]),)


def literal_tensor(env: Env, value: Literal) -> SymTensor:
    """The tensor of a literal: a splat, a chain of choices, or (if large) a function known only by
    its name.
    """
    shape, dtype = value.type
    if value.is_splat:
        return constant_tensor(shape, dtype, literal(env, value.item(), dtype))
    full = value.array()
    steady = [d for d in range(full.ndim) if full.shape[d] > 1 and _steady(full, d)]
    if steady:
        # Constant along some dimensions, as folded broadcasts are: the same terms as the broadcast
        # gives.
        core = full[tuple(slice(1) if d in steady else slice(None) for d in range(full.ndim))]
        inner = literal_tensor(env, Literal.of(core))
        return SymTensor(
            shape, dtype, lambda i: inner.at([0 if d in steady else k for d, k in enumerate(i)])
        )
    array = full.reshape(-1)
    if array.size > LARGEST:
        name = f"constant.{dtype}.{hashlib.sha256(value.data).hexdigest()[:16]}"
        sort = sort_of(dtype, env.reading)
        return SymTensor(
            shape, dtype, lambda i: env.uninterpreted(name, (_term(linear(i, shape)),), sort)
        )
    terms = [literal(env, v, dtype) for v in array]

    def flat(at: Int) -> Term:
        if isinstance(at, int):
            return terms[at]
        out = terms[-1]
        for k in range(len(terms) - 2, -1, -1):
            if not terms[k].eq(out):
                out = z3.If(at == k, terms[k], out)
        return out

    if not terms:
        return SymTensor(shape, dtype, lambda _: env.fresh("none", sort_of(dtype, env.reading)))
    return SymTensor(shape, dtype, lambda i: flat(linear(i, shape)), flat=flat)


def _steady(array: Array, dim: int) -> bool:
    """Whether nothing changes along one dimension, bit for bit."""
    raw = np.ascontiguousarray(array).view(np.dtype(f"u{array.dtype.itemsize}"))
    return bool(np.all(raw == np.take(raw, [0], axis=dim)))


def _iota(env: Env, _xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    shape, dtype, dim = call.shapes[0], call.dtypes[0], call.attrs["iota_dimension"]
    env.require("iota", "C1", 0 <= dim < len(shape))
    return (SymTensor(shape, dtype, lambda i: from_index(env, i[dim], dtype)),)


def from_index(env: Env, at: Int, dtype: DType) -> Term:
    """An index as an element; integers wrap."""
    if isinstance(at, int) and not dtype.is_float:
        return z3.BitVecVal(at, dtype.bits)
    if not dtype.is_float:
        return z3.Int2BV(_term(at), dtype.bits)
    if env.reading == "reals":
        return z3.ToReal(_term(at))
    return env.uninterpreted(f"iota.{dtype}", (_term(at),), sort_of(dtype, env.reading))


def _term(at: Int) -> Term:
    return z3.IntVal(at) if isinstance(at, int) else at


SMT: dict[str, Meaning] = {"constant": _constant, "iota": _iota}
