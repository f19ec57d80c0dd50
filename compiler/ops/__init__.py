"""The op table; importing this package fills it."""

from compiler.ops import call, constant, convert, dot, elementwise, reduce, shape
from compiler.ops.table import OPS, Attr, Op, Sig

__all__ = [
    "OPS",
    "Attr",
    "Op",
    "Sig",
    "call",
    "constant",
    "convert",
    "dot",
    "elementwise",
    "reduce",
    "shape",
]
