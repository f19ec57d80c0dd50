"""Bugs of machine code in where buffers live: what shares memory, and what is written in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.codegen import arena, live, maps, share
from compiler.codegen.live import mask
from compiler.nest.ir import Map
from verify.faults.base import patched
from verify.faults.codegen import declare_codegen


def _no_way_back(_old: Any) -> Any:
    """What the next iteration reads is not live at the end of this one."""

    def loop(self: Any, nest: Any, after: int, depth: int, out: list[Any]) -> int:
        needs, makes = self._summary_of(nest.cond)
        pred = 1 << nest.pred
        head = needs | ((after | pred) & ~makes)
        before = self._sequence(nest.body, head, depth + 1, out)
        out.append(live.Step(nest, depth + 1, pred, 0, after | before))
        return int(self._sequence(nest.cond, after | before | pred, depth + 1, out))

    return loop


def _one_way(old: Callable[[Any, int, int], bool]) -> Callable[[Any, int, int], bool]:
    """Of two buffers only what the earlier one conflicts with is looked at."""
    return lambda self, a, b: old(self, a, b) if a < b else False


def _anywhere(old: Callable[[Any, int], bool]) -> Callable[[Any, int], bool]:
    """A map may write over what it reads, also where it reads other places than it writes."""
    return lambda nest, buffer: isinstance(nest, Map) or old(nest, buffer)


def _never_in_place(_old: Any) -> Any:
    """The last vector of a loop recomputes elements, also where they are overwritten already."""
    return lambda nest, memory: False


def _dies_at_last_step(old: Callable[..., Any]) -> Callable[..., Any]:
    """A buffer is free for the results of the nest that reads it last."""

    def lay(program: Any, whole: Any, group: Any, owner: Any) -> Any:
        shorter = []
        for step in whole:
            ending = step.reads & ~step.after & ~step.writes
            large = mask(
                n for n in live.members(ending) if program.buffers[n].type.nbytes > arena.ALIGN
            )
            shorter.append(
                live.Step(step.nest, step.depth, step.reads & ~large, step.writes, step.after)
            )
        return old(program, shorter, group, owner)

    return lay


# fmt: off
declare_codegen("arena-frees-early", "buffer reuse",
                "a large buffer is free for the results of the nest that reads it last",
                patched(arena, "_arena", _dies_at_last_step),
                source="openxla/xla#49176: input and output share memory, input read late")
declare_codegen("liveness-without-way-back", "buffer reuse",
                "what the next iteration of a loop reads may be overwritten in this one",
                patched(live._Analysis, "_loop", _no_way_back),
                source="openxla/xla#16793: aliasing of buffers through control flow")
declare_codegen("share-checks-one-way", "buffer reuse",
                "buffers that a copy joins share memory though one is needed when the other is "
                "written",
                patched(share._Groups, "_conflict", _one_way),
                source="openxla/xla#43472: updates in place that may not be")
declare_codegen("in-place-anywhere", "buffer reuse",
                "a loop writes over what it reads at other places",
                patched(share, "in_step", _anywhere),
                source="openxla/xla#49176: input and output share memory, input read late")
declare_codegen("in-place-tail-twice", "mask of the vector tail",
                "the last vector of a loop that works in place computes some elements twice",
                patched(maps, "_in_place", _never_in_place),
                source="llvm/llvm-project#55167: wrong tail of a vectorised loop")
# fmt: on
