"""Ops whose operands say what attributes say elsewhere: the meaning of the static op.

A result shape is the stated one. Other numbers must be literals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from verify.smt import gather, shape
from verify.smt.constant import SMT as CONSTANTS
from verify.smt.constant import from_index
from verify.smt.scalar import literal
from verify.smt.tensor import (
    Call,
    Env,
    Meaning,
    SymTensor,
    Unknown,
    constant_tensor,
    unmodelled,
)

STATIC: dict[str, Meaning] = {
    "dynamic_iota": CONSTANTS["iota"],
    "dynamic_reshape": shape.SMT["reshape"],
    "dynamic_broadcast_in_dim": shape.SMT["broadcast_in_dim"],
    "dynamic_gather": gather.gather,
    "dynamic_pad": shape.SMT["pad"],
    "real_dynamic_slice": shape.SMT["slice"],
}
NAMES: dict[str, tuple[str, ...]] = {
    "dynamic_gather": ("slice_sizes",),
    "dynamic_pad": ("edge_padding_low", "edge_padding_high", "interior_padding"),
    "real_dynamic_slice": ("start_indices", "limit_indices", "strides"),
}


def _shaped(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    """The last operand is the result's shape."""
    return STATIC[call.op](env, xs[:-1], call)


def _spelled(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    """The last operands are attributes."""
    names = NAMES[call.op]
    first = len(xs) - len(names)
    given = {name: _numbers(x, call.op) for name, x in zip(names, xs[first:], strict=True)}
    return STATIC[call.op](env, xs[:first], replace(call, attrs={**call.attrs, **given}))


def _numbers(x: SymTensor, op: str) -> tuple[int, ...]:
    """The elements of a vector of literals."""
    if not isinstance(x.shape[0], int):
        raise Unknown(f"{op}: a vector of unknown length")
    found = [gather.integer(x.at((k,)), x.dtype) for k in range(x.shape[0])]
    if not all(isinstance(n, int) for n in found):
        raise Unknown(f"{op}: operands that stand for attributes are no literals")
    return tuple(found)


def _get_dimension_size(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    size = from_index(env, xs[0].shape[call.attrs["dimension"]], call.dtypes[0])
    return (constant_tensor((), call.dtypes[0], size),)


def _real(_env: Env, xs: Sequence[SymTensor], _call: Call) -> tuple[SymTensor, ...]:
    return (xs[0],)


def _imag(env: Env, xs: Sequence[SymTensor], _call: Call) -> tuple[SymTensor, ...]:
    dtype = xs[0].dtype
    zero = literal(env, np.zeros((), dtype.numpy)[()], dtype)
    return (constant_tensor(xs[0].shape, dtype, zero),)


SMT: dict[str, Meaning] = {
    "get_dimension_size": _get_dimension_size,
    "dynamic_iota": _shaped,
    "dynamic_reshape": _shaped,
    "dynamic_broadcast_in_dim": _shaped,
    "dynamic_pad": _spelled,
    "dynamic_gather": _spelled,
    "real_dynamic_slice": _spelled,
    "dynamic_conv": unmodelled,
    "real": _real,
    "imag": _imag,
}
