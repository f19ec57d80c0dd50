"""Inputs for a program: one array a parameter of ``main``, by the rules of a named *set*.

No one distribution shows all bugs, so a program is run on several sets:

======= ===========================================================================================
normal  moderate numbers, no NaN or infinity
exact   small integers, in the float types too, so that sums and products are exact; -1, 0 and 1
        only where the program multiplies repeatedly
cancel  pairs nearly equal and opposite, common leading bits, terms that vanish beside others
special one in four a NaN, infinity, signed zero, subnormal, tie or limit, NaN one in sixteen
wide    uniform bits without NaN and infinity
far     far from what a reduction starts with, all alike: negative, positive, above 1, below 1, or
        with a large common offset; predicates all true or all false
domain  ranges solved backwards through the program, so that log, sqrt, divide, power and the like
        stay finite; only for programs with such an op
======= ===========================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from compiler.ir import Array, Module
from verify.gen.chooser import Chooser
from verify.gen.demands import FREE
from verify.gen.pool import SIZE, window
from verify.gen.ranges import array_within, needs_ranges, ranges
from verify.gen.related import FAR, NEAR

# How often a set is drawn, beside the others. Of the programs that show one of 26 faults of all
# classes, wide and special ones show it most often and are most often alone in it.
WEIGHTS = {"normal": 3, "exact": 3, "cancel": 3, "special": 5, "wide": 4, "far": 3, "domain": 3}
SETS = tuple(WEIGHTS)
_GROWING = frozenset({"multiply", "dot_general", "power"})


@dataclass(frozen=True, slots=True)
class InputSet:
    """Inputs of one program.

    Attributes:
        name: of the set that they were drawn from, one of :data:`SETS`.
        arrays: one a parameter of ``main``.
    """

    name: str
    arrays: tuple[Array, ...]


def choose_sets(chooser: Chooser, module: Module, count: int) -> tuple[str, ...]:
    """``count`` different names of :data:`SETS` (all that apply to ``module`` at most), drawn by
    their weights.
    """
    left = dict(WEIGHTS)
    if not needs_ranges(module):
        del left["domain"]
    names: list[str] = []
    total = sum(left.values())
    while left and len(names) < count:
        at = chooser.below(total)
        for name, weight in left.items():
            at -= weight
            if at < 0:
                names.append(name)
                break
        total -= left.pop(names[-1])
    return tuple(names)


def draw_sets(chooser: Chooser, module: Module, count: int) -> list[InputSet]:
    """``count`` different sets of inputs for ``module.main``."""
    names = choose_sets(chooser, module, count)
    return [InputSet(name, tuple(draw_inputs(chooser, module, name))) for name in names]


def draw_inputs(chooser: Chooser, module: Module, name: str = "normal") -> list[Array]:
    """Arrays that fit the parameters of ``module.main``, of the set ``name``.

    Each array takes one choice, an offset; 0 gives the simplest, such as the ramp 0, 1, 2, ...

    Raises:
        ValueError: for an unknown set.
    """
    check_set(name)
    below, graph = chooser.below, module.main.graph
    if name == "domain":
        wants = zip(graph.params, ranges(module), strict=True)
        return [
            window(t, below(SIZE)) if want == FREE else array_within(t, want, below(SIZE))
            for t, want in wants
        ]
    if name == "exact":
        grows = sum(n.op in _GROWING for n in graph.nodes) > 1
        return [window(t, below(SIZE), "unit" if grows else "exact") for t in graph.params]
    if name in ("cancel", "far"):
        table = FAR[below(len(FAR))] if name == "far" else name
        start = below(SIZE)
        return [window(t, (start + below(NEAR)) % SIZE, table) for t in graph.params]
    return [window(t, below(SIZE), name) for t in graph.params]


def check_set(name: str) -> None:
    """Raise ValueError unless ``name`` is one of :data:`SETS`."""
    if name not in SETS:
        raise ValueError(f"unknown set of inputs {name!r}: one of {', '.join(SETS)}")
