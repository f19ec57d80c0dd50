"""What a compiler must offer to be tested: compile a module, run it, say what it may do to
floating-point results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from compiler.contract import EXACT, Contract
from compiler.ir import Array, Module
from compiler.pipeline import Options
from compiler.rewrite import Trace

FLUSHES = "flushes-subnormals"  # the deviation of targets that run with FTZ or DAZ

Run: TypeAlias = Callable[[Sequence[Array]], tuple[Array, ...]]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One declared difference from the specification: policy of the target, with the reason, not a
    bug.

    Attributes:
        name: short name, such as ``flushes-subnormals``.
        ops: the ops that it touches; empty for all.
        reason: why, and where the target says so.
    """

    name: str
    ops: frozenset[str]
    reason: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What a target promises.

    Attributes:
        contract: what it may do to floating-point results beyond the contract of a single
            compilation.
        deviations: differences from the specification that it declares.
    """

    contract: Contract = EXACT
    deviations: tuple[Deviation, ...] = ()

    @property
    def flushes(self) -> bool:
        """Whether subnormal numbers may be read and written as zero."""
        return any(d.name == FLUSHES for d in self.deviations)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program ready to run.

    Attributes:
        run: takes the inputs, returns the outputs; raises InputError for inputs that do not fit.
        contract: what this compilation may have done to floating-point results.
        trace: the rewrites that fired, where the target can tell.
        canonical: a second, slower evaluation that ``run`` must equal bit for bit, where there is
            one.
    """

    run: Run
    contract: Contract = EXACT
    trace: Trace | None = None
    canonical: Run | None = None


class Target(Protocol):
    """A compiler under test.

    ``compile`` raises UnsupportedError for what the target does not take. Any other exception of
    it, and any exception of the compiled program, is a finding.
    """

    name: str
    version: str
    profile: Profile

    def compile(self, module: Module, options: Options) -> Compiled:
        """Compile ``module``; ``options.disable`` holds names out of :meth:`passes`."""
        ...

    def passes(self) -> tuple[str, ...]:
        """Names of the passes that can be switched off one by one; empty if there are none."""
        ...
