"""Inputs for a program: one array a parameter of ``main``, in one of four modes."""

from __future__ import annotations

import numpy as np

from compiler.ir import Array, Module
from verify.gen.chooser import Chooser
from verify.gen.pool import SIZE, array_bytes

MODES = ("normal", "exact", "special", "wide")
_MIX = (
    "normal",
    "exact",
    "normal",
    "exact",
    "special",
    "special",
    "exact",
    "special",
    "wide",
    "special",
)
_GROWING = frozenset({"multiply", "dot_general", "power"})


def choose_mode(chooser: Chooser) -> str:
    """One of :data:`MODES`: normal 2, exact 3, special 4, wide 1 times out of ten."""
    return _MIX[chooser.below(len(_MIX))]


def draw_inputs(chooser: Chooser, module: Module, mode: str = "normal") -> list[Array]:
    """Arrays that fit the parameters of ``module.main``.

    Args:
        chooser: draws one offset a parameter; 0 gives the ramp 0, 1, 2, ...
        module: the program.
        mode: ``normal`` (moderate, no NaN or infinity), ``exact`` (small integers, in the float
            types too; -1, 0 and 1 only where the program multiplies repeatedly), ``special`` (one
            in four a NaN, infinity, signed zero, subnormal, tie or limit, NaN one in sixteen),
            ``wide`` (uniform bits).

    Raises:
        ValueError: for an unknown mode.
    """
    if mode not in MODES:
        raise ValueError(f"unknown mode {mode!r}: one of {', '.join(MODES)}")
    graph = module.main.graph
    if mode == "exact" and sum(n.op in _GROWING for n in graph.nodes) > 1:
        mode = "unit"
    out = []
    for t in graph.params:
        data = bytearray(array_bytes(t, chooser.below(SIZE), mode))
        out.append(np.frombuffer(data, t.dtype.numpy, t.size).reshape(t.shape))
    return out
