"""Elementwise ops: one scalar op at each index. The scalar meanings stand in scalar_ints,
scalar_bits and scalar_reals.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.dtypes import I1, DType
from compiler.ops import OPS
from verify.smt import scalar
from verify.smt.integers import Int
from verify.smt.tensor import Call, Env, Index, Meaning, SymTensor, Term, shapes_agree

# Operands that may be scalars beside tensors, by op: the specification broadcasts them.
_LOOSE = {"select": (0,), "clamp": (0, 2)}


def elementwise(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    """The op applied at every index; operands must have one shape."""
    shape = _shape(env, xs, call.op)
    dtypes, out = [x.dtype for x in xs], _result(call, xs)
    _check_dtypes(env, xs, call.op)

    def element(index: Index) -> Term:
        args = [x.at(index if x.rank == len(shape) else ()) for x in xs]
        return scalar.apply(env, call.op, call.attrs, dtypes, out, args)

    splat = None
    if all(x.splat is not None for x in xs):
        splat = scalar.apply(env, call.op, call.attrs, dtypes, out, [x.splat for x in xs])
    return (SymTensor(shape, out, element, splat=splat),)


def _shape(env: Env, xs: Sequence[SymTensor], op: str) -> tuple[Int, ...]:
    loose = _LOOSE.get(op, ())
    lead = next(x for k, x in enumerate(xs) if k not in loose)
    for k, x in enumerate(xs):
        if not (k in loose and x.rank == 0):
            env.require(op, "C1", shapes_agree(x.shape, lead.shape))
    return lead.shape


def _check_dtypes(env: Env, xs: Sequence[SymTensor], op: str) -> None:
    compared = list(xs[1:] if op == "select" else xs)
    env.require(op, "C1", all(x.dtype is compared[0].dtype for x in compared))
    if op == "select":
        env.require(op, "I1", xs[0].dtype is I1)
    else:
        env.require(op, "I1", not OPS[op].dtypes or xs[0].dtype in OPS[op].dtypes)


def _result(call: Call, xs: Sequence[SymTensor]) -> DType:
    return call.dtypes[0] if call.dtypes else xs[-1].dtype


_OPS = [op.name for op in OPS.values() if op.family == "elementwise"]
SMT: dict[str, Meaning] = dict.fromkeys(_OPS, elementwise)
