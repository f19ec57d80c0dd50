"""Code of scatter nests: one update after another, each behind the test if it takes place."""

from __future__ import annotations

from contextlib import ExitStack
from math import prod

from compiler.codegen.body import Code, Memory
from compiler.codegen.flow import analyse, axes
from compiler.codegen.text import Text
from compiler.nest.ir import Scatter


def emit_scatter(t: Text, nest: Scatter, memory: Memory) -> None:
    """Append the code of one scatter."""
    if prod(nest.domain) == 0:
        return
    flow, combine = analyse(nest.body), analyse(nest.combine)
    code = Code(t, flow, memory)
    with ExitStack() as stack:
        for axis in axes(nest.domain, 0, flow):
            loop = stack.enter_context(t.loop(axis.size))
            code.bind(axis, loop.i)
        offset, *updates = code.results(1)
        name = t.fresh("S")
        inside = t.e(f"icmp sge i64 {offset}, 0")
        t.do(f"br i1 {inside}, label %{name}, label %{name}x")
        t.label(name)
        dtypes = [memory.dtype(out) for out in nest.outs]
        places = [
            t.at(memory.pointer(b), d, offset) for b, d in zip(nest.outs, dtypes, strict=True)
        ]
        used = {nest.combine.insts[n].imm for n in combine.needed if _is_argument(nest, n)}
        old = [
            t.load(place, dtype) if k in used else ""
            for k, (place, dtype) in enumerate(zip(places, dtypes, strict=True))
        ]
        args = [(value, 1) for value in (*old, *updates)]
        new = Code(t, combine, memory, args=args).results(1)
        for value, place, dtype in zip(new, places, dtypes, strict=True):
            t.store(value, place, dtype)
        t.do(f"br label %{name}x")
        t.label(f"{name}x")


def _is_argument(nest: Scatter, n: int) -> bool:
    return nest.combine.insts[n].op == "arg"
