"""Scalar bodies in NumPy: all indices and arguments at once.

A body is made ready once: what depends on neither memory nor arguments, such as the offsets of most
loads, is computed then, and every run does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from compiler.dtypes import from_numpy
from compiler.errors import InternalError
from compiler.ir import Array
from compiler.nest.functions import function
from compiler.nest.ir import Body, Inst
from compiler.nest.scalars import COMPARE, SCALAR, Scalar, Value, bitcast, constant, convert

_Step = Callable[[list[Value], Sequence[Array], Sequence[Value]], Value]


class Ready:
    """A body on given loop indices.

    Args:
        body: what to evaluate.
        indices: an array a loop variable; they broadcast together.
    """

    def __init__(self, body: Body, indices: Sequence[Value] = ()) -> None:
        values: list[Value] = []
        varies: list[bool] = []
        self._steps: list[tuple[int, _Step]] = []
        for n, inst in enumerate(body.insts):
            step = _step(inst, indices)
            vary = inst.op in ("load", "arg") or any([varies[a] for a in inst.args])
            varies.append(vary)
            values.append(None if vary else step(values, (), ()))
            if vary:
                self._steps.append((n, step))
        self._results = body.results
        used = {a for n, _ in self._steps for a in body.insts[n].args} | set(body.results)
        self._values = [v if n in used else None for n, v in enumerate(values)]

    def __call__(self, memory: Sequence[Array] = (), args: Sequence[Value] = ()) -> list[Value]:
        """The results on the buffers ``memory`` and on ``args``, which broadcast with indices."""
        values = self._values.copy()
        for n, step in self._steps:
            values[n] = step(values, memory, args)
        return [values[r] for r in self._results]


def evaluate(
    body: Body, memory: Sequence[Array], indices: Sequence[Value] = (), args: Sequence[Value] = ()
) -> list[Value]:
    """The results of a body on arrays of loop indices and arguments, which broadcast together."""
    return Ready(body, indices)(memory, args)


def _step(inst: Inst, indices: Sequence[Value]) -> _Step:
    """What computes ``inst`` from the values before it, memory and arguments."""
    op, imm, dtype = inst.op, inst.imm, inst.dtype
    found = SCALAR.get(op)
    if found is not None:
        return _applied(found, inst.args)
    match op:
        case "load":
            (at,) = inst.args
            return lambda v, memory, args: memory[imm][v[at]]
        case "arg":
            return lambda v, memory, args: args[imm]
        case "index":
            return lambda v, memory, args: indices[imm]
        case "const":
            value = constant(inst)
            return lambda v, memory, args: value
        case "cmp":
            return _applied(COMPARE[imm], inst.args)
        case "convert":
            return _applied(lambda x: convert(x, from_numpy(x.dtype), dtype), inst.args)
        case "bitcast":
            return _applied(lambda x: bitcast(x, dtype), inst.args)
        case "call":
            called = _called(function(imm))
            numbers = inst.args
            return lambda v, memory, args: called((), [v[a] for a in numbers])[0]
    raise InternalError(f"nest IR: unknown scalar op {op}")


def _applied(of: Scalar, operands: tuple[int, ...]) -> _Step:
    if len(operands) == 1:
        (a,) = operands
        return lambda v, memory, args: of(v[a])
    if len(operands) == 2:
        a, b = operands
        return lambda v, memory, args: of(v[a], v[b])
    return lambda v, memory, args: of(*[v[a] for a in operands])


_CALLED: dict[int, tuple[Body, Ready]] = {}  # bodies of functions by identity: there are few


def _called(body: Body) -> Ready:
    found = _CALLED.get(id(body))
    if found is None:
        found = _CALLED[id(body)] = body, Ready(body)
    return found[1]
