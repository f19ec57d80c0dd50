"""Scalar bodies in NumPy: all indices and arguments at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from compiler.dtypes import DType, from_numpy
from compiler.errors import InternalError
from compiler.ir import Array
from compiler.nest.functions import function
from compiler.nest.ir import Body, Inst
from compiler.nest.scalars import COMPARE, SCALAR, Value, bitcast, constant, convert


def evaluate(
    body: Body, memory: Sequence[Array], indices: Sequence[Value] = (), args: Sequence[Value] = ()
) -> list[Value]:
    """The results of a body on arrays of loop indices and arguments, which broadcast together."""
    values: list[Value] = []
    for inst in body.insts:
        values.append(_step(inst, values, memory, indices, args))
    return [values[r] for r in body.results]


def _step(
    inst: Inst,
    values: list[Value],
    memory: Sequence[Array],
    indices: Sequence[Value],
    args: Sequence[Value],
) -> Value:
    operands = [values[a] for a in inst.args]
    found = SCALAR.get(inst.op)
    if found is not None:
        return found(*operands)
    special = _SPECIAL.get(inst.op)
    if special is not None:
        return special(inst, operands)
    match inst.op:
        case "load":
            return memory[inst.imm][operands[0]]
        case "index":
            return indices[inst.imm]
        case "arg":
            return args[inst.imm]
        case "call":
            return evaluate(function(inst.imm), (), (), operands)[0]
    raise InternalError(f"nest IR: unknown scalar op {inst.op}")


def _convert(inst: Inst, operands: list[Value]) -> Value:
    x = operands[0]
    return convert(x, _dtype_of(x), inst.dtype)


def _dtype_of(x: Value) -> DType:
    return from_numpy(x.dtype)


_SPECIAL: dict[str, Callable[[Inst, list[Value]], Value]] = {
    "const": lambda inst, _: constant(inst),
    "cmp": lambda inst, xs: COMPARE[inst.imm](xs[0], xs[1]),
    "convert": _convert,
    "bitcast": lambda inst, xs: bitcast(xs[0], inst.dtype),
}
