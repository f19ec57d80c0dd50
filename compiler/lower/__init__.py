"""Lowering: from StableHLO graphs to nests.

Every op is described as *value at an index*; see :mod:`compiler.lower.scope`. A node becomes one
nest that reads its operands from memory; a composite ``assay.fusion`` becomes one nest that
computes its whole body. Ops that have no lowering but an expansion are expanded first, if no pass
did it.
"""

from __future__ import annotations

from compiler.expand import expand_all
from compiler.ir import Module
from compiler.lower import (
    call,
    chlo,
    constant,
    control,
    convert,
    convolution,
    dot,
    elementwise,
    gather,
    reduce,
    scatter,
    shape,
    sort,
    window,
)
from compiler.lower.program import Lowerer
from compiler.lower.table import LOWERINGS
from compiler.nest.ir import Program

__all__ = [
    "LOWERINGS",
    "call",
    "chlo",
    "constant",
    "control",
    "convert",
    "convolution",
    "dot",
    "elementwise",
    "gather",
    "lower",
    "reduce",
    "scatter",
    "shape",
    "sort",
    "window",
]


def lower(module: Module) -> Program:
    """The program of the module's entry function. UnsupportedError for what has no lowering."""
    return Lowerer(expand_all(module)).program()
