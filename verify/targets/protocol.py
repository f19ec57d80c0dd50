"""What a compiler must offer to be tested: compile a module, run it, say what it may do to
floating-point results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from compiler.contract import EXACT, Contract, join_all
from compiler.ir import Array, Module
from compiler.pipeline import Options
from compiler.rewrite import Trace

Run: TypeAlias = Callable[[Sequence[Array]], tuple[Array, ...]]


# Whether a failure is the declared one: asked with the program, and with the note of a crash or the
# line on an output of a wrong type.
Symptom: TypeAlias = Callable[[Module, str], bool]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One declared difference from the reference: policy or a known limit of the target, with the
    reason, so that it is not reported as a bug.

    It acts in up to three ways. What ``contract`` allows is ``allowed`` as if a rewrite had
    declared it. A result that only ``widens`` or the ``leeways`` allow, and a crash or an output of
    a wrong type that is the declared ``symptom``, is ``explained``.

    Attributes:
        name: short name, such as ``flushes-subnormals``.
        reason: what the target does.
        source: where the specification or the target says so, or the upstream issue.
        contract: what it changes about floating-point results.
        leeways: names out of :data:`verify.bounds.leeway.LEEWAYS`.
        symptom: predicate of a crash, or of an output of a wrong type.
        widens: what it changes about floating-point results that is to be named where it shows.
        needs: ops that a program must hold for a leeway to be taken.
    """

    name: str
    reason: str
    source: str
    contract: Contract = EXACT
    leeways: frozenset[str] = frozenset()
    symptom: Symptom | None = None
    widens: Contract = EXACT
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Profile:
    """What a target declares; :mod:`verify.deviations` reads it."""

    deviations: tuple[Deviation, ...] = ()

    @property
    def contract(self) -> Contract:
        """What the target may do to floating-point results beyond the contract of a compilation."""
        return join_all(d.contract for d in self.deviations)


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
