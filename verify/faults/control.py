"""Bugs of control flow: branches, loops, and what passes do to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from compiler.dtypes import I32
from compiler.ir import Literal, Node, TensorType
from compiler.lower.program import Lowerer
from compiler.nest.ir import Branch, Map
from compiler.passes import decide
from verify.faults.base import declare, lowered, patched


def _clamps_low(old: Any) -> Any:
    """A negative index takes the first branch."""

    def run(program: Lowerer, node: Node) -> None:
        old(program, node)
        nest = program.nests.pop()
        assert isinstance(nest, Branch)
        at, t = program.scope(), TensorType((), I32)
        index = at.s.emit("load", at.i64(0), dtype=I32, imm=nest.index)
        index = at.op("smax", index, at.const(0, I32))
        place = program.temporary(t)
        program.append(Map("clamp", (), at.s.body(index), (place,)))
        program.append(replace(nest, index=place))

    return run


def _one_after_another(_old: Any) -> Any:
    """Values that are carried are copied in order, and may be read after they are overwritten."""

    def move(self: Lowerer, values: Sequence[int], buffers: Sequence[int]) -> None:
        for v, buffer in zip(values, buffers, strict=True):
            if self._frame.memory.get(v) != buffer:
                self._write(self._frame.sources[v], buffer)

    return move


def _condition_last(old: Callable[..., Any]) -> Callable[..., Any]:
    """A loop whose condition is false at once runs its body one time when it is folded."""

    def loop(self: Any, node: Node) -> list[Literal] | None:
        found = old(self, node)
        given = [self.literals.get(v) for v in node.uses]
        return decide._evaluate(node.regions[1], given) if found == [] else found

    return loop


def _passed_on(old: Callable[..., Any]) -> Callable[..., Any]:
    """A loop that hands on another carried value counts as handing on this one."""

    def invariant(self: Any, i: int, node: Node, loc: Any) -> Any:
        body = node.regions[1]
        count = len(node.types)
        swapped = [
            k if v < count and body.params[k] == body.params[v] else v
            for k, v in enumerate(body.results)
        ]
        if swapped == list(body.results):
            return old(self, i, node, loc)
        changed = replace(body, results=tuple(swapped))
        return old(self, i, node._replace(regions=(node.regions[0], changed)), loc)

    return invariant


declare(
    "case-clamps-low",
    "branch selection",
    "case with a negative index takes the first branch, not the last",
    blame=("lower", "case"),
    install=lowered("case", _clamps_low),
    source="pytorch/pytorch#189028: a switch clamps its index at both ends",
)
declare(
    "carried-one-after-another",
    "buffer reuse",
    "carried values are copied one after another: a swap loses one of them",
    blame=("lower", "while"),
    install=patched(Lowerer, "move", _one_after_another),
    source="Briggs et al., Construction and Destruction of SSA, SP&E, 1998: swap problem",
)
declare(
    "fold-loop-runs-once",
    "trip count",
    "a loop of constants that does not begin is folded as if it ran once",
    blame=("fold", "fold/while"),
    install=patched(decide._Decider, "_loop", _condition_last),
    source="openxla/xla#48454: wrong trip counts of empty and of uneven loops",
)
declare(
    "loop-swap-is-invariant",
    "trip count",
    "a loop that exchanges carried values is taken to leave them as they are",
    blame=("fold", "fold/carried"),
    install=patched(decide._Decider, "_invariant", _passed_on),
    source="llvm/llvm-project#126012: IndVarSimplify replaces a value that the loop changes",
)
