"""Inputs for a program: one array a parameter of ``main``, by the rules of a named *set*.

No one distribution shows all bugs, so a program is run on several sets. Each value of
:data:`WEIGHTS` says how often a set is drawn:

========= =============================================================================
normal    moderate numbers, no NaN or infinity
exact     small integers, in the float types too, so that sums and products are exact;
          -1, 0 and 1 only where the program multiplies repeatedly
special   one in four a NaN, infinity, signed zero, subnormal, tie or limit, NaN one in
          sixteen
wide      uniform bits
========= =============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from compiler.ir import Array, Module
from verify.gen.chooser import Chooser
from verify.gen.pool import SIZE, array_bytes

WEIGHTS = {"normal": 2, "exact": 3, "special": 4, "wide": 1}
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


def choose_sets(chooser: Chooser, count: int) -> tuple[str, ...]:
    """``count`` different names of :data:`SETS` (all of them at most), drawn by their weights."""
    left = dict(WEIGHTS)
    names: list[str] = []
    while left and len(names) < count:
        at = chooser.below(sum(left.values()))
        name = next(
            name for name, end in zip(left, accumulate(left.values()), strict=True) if at < end
        )
        del left[name]
        names.append(name)
    return tuple(names)


def draw_sets(chooser: Chooser, module: Module, count: int) -> list[InputSet]:
    """``count`` different sets of inputs for ``module.main``."""
    names = choose_sets(chooser, count)
    return [InputSet(name, tuple(draw_inputs(chooser, module, name))) for name in names]


def draw_inputs(chooser: Chooser, module: Module, name: str = "normal") -> list[Array]:
    """Arrays that fit the parameters of ``module.main``, of the set ``name``.

    Each array takes one choice, an offset; 0 gives the simplest, such as the ramp 0, 1, 2, ...

    Raises:
        ValueError: for an unknown set.
    """
    check_set(name)
    graph = module.main.graph
    if name == "exact" and sum(n.op in _GROWING for n in graph.nodes) > 1:
        name = "unit"
    out = []
    for t in graph.params:
        data = bytearray(array_bytes(t, chooser.below(SIZE), name))
        out.append(np.frombuffer(data, t.dtype.numpy, t.size).reshape(t.shape))
    return out


def check_set(name: str) -> None:
    """Raise ValueError unless ``name`` is one of :data:`SETS`."""
    if name not in SETS:
        raise ValueError(f"unknown set of inputs {name!r}: one of {', '.join(SETS)}")
