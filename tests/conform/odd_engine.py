"""A compiler that dies, hangs or is wrong; a module of its own, since spawned workers import it."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from compiler.ir import Array, Module
from compiler.pipeline import Options
from verify.targets import TARGETS, Entry
from verify.targets.assay import Assay
from verify.targets.protocol import Compiled


class Odd(Assay):
    """Assay's compiler, but some ops take the process down, never end, raise, or come out wrong."""

    def compile(self, module: Module, options: Options) -> Compiled:
        ops = {n.op for n in module.main.graph.nodes}
        if "cosine" in ops:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "tan" in ops and options.level == 1:
            while True:
                pass
        if "sine" in ops:
            raise RuntimeError("no pattern for sine")
        compiled = super().compile(module, options)
        if "floor" not in ops:
            return compiled

        def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
            return tuple(x + x.dtype.type(1) for x in compiled.run(inputs))

        return Compiled(run)


def register() -> None:
    TARGETS["assay"] = Entry("odd_engine", "Odd", "numpy", "numpy", "a broken compiler")
