"""Assay's own compiler as a target."""

from __future__ import annotations

from collections.abc import Sequence

import compiler
from compiler.executable import compile_module
from compiler.ir import Array, Module
from compiler.lower import lower
from compiler.nest.interp import Interpreter
from compiler.pipeline import PASSES, Options
from compiler.rewrite import Trace
from verify.targets.protocol import Compiled, Profile


class Assay:
    """In process. Knows which rewrites fired, so what it may do to bits is known for each
    compilation.
    """

    name = "assay"
    version = compiler.__version__
    profile = Profile()

    def compile(self, module: Module, options: Options) -> Compiled:
        """Machine code; a compilation with the empty contract also promises the canonical bits."""
        trace = Trace(options.rewrite_limit)
        executable = compile_module(module, options, trace)
        executable.poison = True

        def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
            return executable(*inputs)

        contract = trace.contract
        return Compiled(run, contract, trace, None if contract else Canonical(module))

    def passes(self) -> tuple[str, ...]:
        """All passes of the pipeline."""
        return tuple(PASSES)


class Canonical:
    """The nest interpreter on the unoptimised lowering: the bits that every bit-exact compilation
    must give.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self._interpreter: Interpreter | None = None

    def __call__(self, inputs: Sequence[Array]) -> tuple[Array, ...]:
        """Evaluate; what the first call prepares is kept."""
        if self._interpreter is None:
            self._interpreter = Interpreter(lower(self.module))
        return self._interpreter(inputs)
