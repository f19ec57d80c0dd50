"""Bugs of machine code in where buffers live: what shares memory, and what is written in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.codegen import arena, live, share
from compiler.codegen.live import mask
from compiler.nest.ir import Map
from verify.faults.base import patched
from verify.faults.codegen import declare_codegen


def _one_way(old: Callable[[Any, int, int], bool]) -> Callable[[Any, int, int], bool]:
    """Of two buffers only what the earlier one conflicts with is looked at."""
    return lambda self, a, b: old(self, a, b) if a < b else False


def _anywhere(old: Callable[[Any, int], bool]) -> Callable[[Any, int], bool]:
    """A map may write over what it reads, also where it reads other places than it writes."""
    return lambda nest, buffer: isinstance(nest, Map) or old(nest, buffer)


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
declare_codegen("share-checks-one-way", "buffer reuse",
                "buffers that a copy joins share memory though one is needed when the other is "
                "written",
                patched(share._Groups, "_conflict", _one_way),
                source="openxla/xla#43472: updates in place that may not be")
declare_codegen("in-place-anywhere", "buffer reuse",
                "a loop writes over what it reads at other places",
                patched(share, "in_step", _anywhere),
                source="openxla/xla#49176: input and output share memory, input read late")
# fmt: on
