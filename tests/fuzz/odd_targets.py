"""A target that behaves like a broken compiler; a module of its own, since spawned workers import
it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from compiler.ir import Array, Graph, Module
from compiler.pipeline import Options
from verify.targets import TARGETS, Entry
from verify.targets.assay import Assay
from verify.targets.protocol import Compiled


def live_ops(module: Module) -> set[str]:
    """Names of the ops that results depend on."""
    found: set[str] = set()

    def visit(graph: Graph) -> None:
        used = set(graph.results)
        for node, first in reversed(list(zip(graph.nodes, graph.first, strict=True))):
            if not used.isdisjoint(range(first, first + len(node.types))):
                used.update(node.uses)
                found.add(node.op)
        for node in graph.nodes:
            name = node.attr("callee") or node.attr("decomposition")
            if name and node.op in found:
                visit(module.by_name[name].graph)

    visit(module.main.graph)
    return found


class Odd(Assay):
    """Assay's compiler, but some ops take the process down, never end, raise, or come out wrong."""

    name = "odd"

    def compile(self, module: Module, options: Options) -> Compiled:
        ops = live_ops(module)
        if "cosine" in ops:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "tan" in ops:
            while True:
                pass
        if "sine" in ops:
            raise RuntimeError("no pattern for sine")
        compiled = super().compile(module, options)
        if "floor" not in ops:
            return compiled

        def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
            outputs = compiled.run(inputs)
            return tuple(x if x.dtype == bool else x + x.dtype.type(1) for x in outputs)

        return Compiled(run)


def register() -> None:
    TARGETS["odd"] = Entry("odd_targets", "Odd", "numpy", "numpy", "a broken compiler")


def refuse() -> None:
    raise RuntimeError("this machine cannot run it")
