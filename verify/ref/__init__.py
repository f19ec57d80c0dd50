"""The reference interpreter: what a StableHLO program means, in NumPy, written from the
specification alone.

It shares the op *names* and the graph IR with the compiler, never a pass, a rule or a lowering.
``REF`` is one column of the op table: op name -> function; there is one file a family, named as in
``compiler/ops``.
"""

from verify.ref import (
    call,
    chlo,
    constant,
    control,
    convert,
    convolution,
    dot,
    dynamic,
    elementwise,
    gather,
    linalg,
    norm,
    random,
    reduce,
    scatter,
    shape,
    sort,
    window,
)
from verify.ref.core import REF, TRIPS, Context, EndlessError, Function, evaluate, evaluate_graph

__all__ = [
    "REF",
    "TRIPS",
    "Context",
    "EndlessError",
    "Function",
    "call",
    "chlo",
    "constant",
    "control",
    "convert",
    "convolution",
    "dot",
    "dynamic",
    "elementwise",
    "evaluate",
    "evaluate_graph",
    "gather",
    "linalg",
    "norm",
    "random",
    "reduce",
    "scatter",
    "shape",
    "sort",
    "window",
]
