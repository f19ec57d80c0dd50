"""The first op of a program whose result is wrong, for any target.

Prefixes of the program are compiled, with the results of their ops as outputs, and judged like any
program; a binary search over the ops in their order finds where they turn wrong. As more outputs
may keep a compiler from what it did (a fused value is not stored), the search starts with the
results of all ops and, if all those are right, goes on with those that nothing in the prefix uses.
So the op that is named is one of the program as its author wrote it. Which pass or rewrite is to
blame is the question of :mod:`verify.isolation.localise` and ``bisect``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from compiler.ir import Array, Graph, Module
from compiler.pipeline import Options
from compiler.rewrite import ops_text
from verify.examine import examine
from verify.isolation.slices import with_main
from verify.oracle import OutputVerdict
from verify.targets import get
from verify.targets.protocol import Target

SECONDS = 30.0
UNNAMED = "none can be named: with results of single ops as outputs the program is right"

Outputs: TypeAlias = Callable[[Graph, int], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class FirstOp:
    """What was found.

    Attributes:
        op: the op as text, its first line; empty if none could be named.
        place: where it stands in the source, such as ``model.mlir:7:10``; empty if not known.
        found: the verdict on its result, with the worst element.
        note: why none could be named, or under which condition this one is wrong.
    """

    op: str = ""
    place: str = ""
    found: OutputVerdict | None = None
    note: str = ""

    def __str__(self) -> str:
        if self.found is None:
            return self.note
        place = f" ({self.place})" if self.place else ""
        note = f" ({self.note})" if self.note else ""
        return f"{self.op}{place}: {self.found.detail}{note}"


@dataclass
class _Search:
    module: Module
    inputs: Sequence[Array]
    target: Target
    options: Options
    deadline: float

    def wrong(self, count: int, outputs: Outputs) -> tuple[int, OutputVerdict] | None:
        """The first wrong value of the prefix of ``count`` ops; TimeoutError past the deadline."""
        if time.monotonic() > self.deadline:
            raise TimeoutError
        graph = self.module.main.graph
        results = outputs(graph, count)
        locs = graph.locs[:count]
        prefix = replace(graph, nodes=graph.nodes[:count], results=results, locs=locs)
        module = with_main(self.module, prefix)
        found = examine(module, self.inputs, self.target, self.options)
        if found.kind != "violation":
            return None
        judged = zip(results, found.verdict.outputs, strict=False)
        return min(
            ((v, o) for v, o in judged if o.verdict == "violation"), key=lambda pair: pair[0]
        )

    def first(self, outputs: Outputs) -> tuple[int, int, OutputVerdict] | None:
        """The number of ops of a prefix that is wrong while the one before it is right, and the
        first wrong value there.
        """
        right, count = 0, len(self.module.main.graph.nodes)
        found = self.wrong(count, outputs) if count else None
        if found is None:
            return None
        while count - right > 1:
            middle = (right + count) // 2
            other = self.wrong(middle, outputs)
            if other is None:
                right = middle
            else:
                count, found = middle, other
        return count, *found


def all_results(graph: Graph, count: int) -> tuple[int, ...]:
    """The results of the first ``count`` ops."""
    return tuple(v for v in range(len(graph.params), len(graph.types)) if graph.defs[v][0] < count)


def unused_results(graph: Graph, count: int) -> tuple[int, ...]:
    """Those that none of these ops uses, and those that the program returns."""
    used = {v for node in graph.nodes[:count] for v in node.uses} - set(graph.results)
    return tuple(v for v in all_results(graph, count) if v not in used)


def first_op(
    module: Module,
    inputs: Sequence[Array],
    target: Target | str = "assay",
    options: Options = Options(),  # noqa: B008
    seconds: float = SECONDS,
) -> FirstOp:
    """The first op of ``module``, which is wrong on ``inputs``, whose result is; a note without an
    op if none is found, or not within ``seconds``.
    """
    chosen = get(target) if isinstance(target, str) else target
    search = _Search(module, inputs, chosen, options, time.monotonic() + seconds)
    try:
        for outputs in (all_results, unused_results):
            found = search.first(outputs)
            if found is not None:
                return _named(module.main.graph, *found)
    except TimeoutError:
        return FirstOp(note=f"none was found within {seconds:g} s")
    return FirstOp(note=UNNAMED)


def _named(graph: Graph, count: int, value: int, found: OutputVerdict) -> FirstOp:
    index = graph.defs[value][0]
    note = ""
    if index != count - 1:
        note = f"only together with {_line(graph, count - 1)}"
    return FirstOp(_line(graph, index), str(graph.loc(index) or ""), found, note)


def _line(graph: Graph, index: int) -> str:
    first, *rest = ops_text(graph, index).splitlines()
    return f"{first.rstrip()} ..." if rest else first.rstrip()
