"""Expansion: ops that the compiler expresses by other ops of StableHLO.

An op has an entry in :data:`EXPANSIONS` or in :data:`compiler.lower.LOWERINGS`, never in both. One
file a family, as in ``compiler/ops``. How accurate an expansion is, is the compiler's own business:
the reference never looks at it.
"""

from compiler.expand import (
    chlo,
    chlo_broadcast,
    chlo_shaped,
    dynamic,
    linalg,
    norm,
    random,
)
from compiler.expand.emit import Emit, Value
from compiler.expand.table import EXPANSIONS, expansion
from compiler.expand.walk import expand_all, expand_module

__all__ = [
    "EXPANSIONS",
    "Emit",
    "Value",
    "chlo",
    "chlo_broadcast",
    "chlo_shaped",
    "dynamic",
    "expand_all",
    "expand_module",
    "expansion",
    "linalg",
    "norm",
    "random",
]
