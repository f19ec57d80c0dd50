"""Ops that a text may hold and a graph does not.

``broadcast`` and ``dot`` are from before StableHLO had a specification: the reader puts the ops of
today in their place. The others are judged by their rules, so that an invalid one is named as such,
and valid ones are refused by name.
"""

from __future__ import annotations

from compiler.dtypes import ALL, F32, F64, FLOATS, I32, NARROW
from compiler.errors import ConstraintError
from compiler.ir import TensorType
from compiler.ops.dot import PRECISION, check_precision
from compiler.ops.table import TEXTUAL, Attr, Sig, Types, define, require


def _broadcast(sig: Sig) -> Types:
    x, sizes = sig.operands[0], sig.attrs["broadcast_sizes"]
    require(all(n >= 0 for n in sizes), "", "broadcast_sizes {} has a negative size", sizes)
    return (TensorType((*sizes, *x.shape), x.dtype),)


def _dot(sig: Sig) -> Types:
    """Vectors and matrices; the stated element type is the one of the sums."""
    lhs, rhs = sig.operands
    check_precision(sig, "")
    for name, t in (("lhs", lhs), ("rhs", rhs)):
        require(t.rank in (1, 2), "", "{} {} is neither vector nor matrix", name, t)
    require(
        lhs.shape[-1] == rhs.shape[0],
        "",
        "the last dimension of lhs {} and the first of rhs {} differ",
        lhs,
        rhs,
    )
    return (TensorType(lhs.shape[:-1] + rhs.shape[1:], sig.declared().dtype),)


def _rng(sig: Sig) -> Types:
    a, b, shape = sig.operands
    t = sig.declared()
    for number, name, x in (("I1", "a", a), ("I2", "b", b)):
        require(x.rank == 0, number, "{} {} is no scalar", name, x)
    wanted = shape.rank == 1 and shape.dtype.is_integer
    require(wanted, "I3", "shape {} is no vector of integers", shape)
    for x in (b, t):
        require(x.dtype is a.dtype, "C1", "element types of {} and {} differ", a, x)
    if sig.attrs["rng_distribution"] == "NORMAL":
        require(a.dtype in FLOATS, "C2", "a NORMAL distribution of {}", a.dtype)
    require(shape.shape[0] == t.rank, "C3", "shape has {} entries, not {}", shape.shape[0], t.rank)
    return (t,)


def _complex(sig: Sig) -> Types:
    """No result can be right: complex types are refused where they are read."""
    lhs, rhs = sig.operands
    require(lhs == rhs, "C1", "types of lhs {} and rhs {} differ", lhs, rhs)
    raise ConstraintError("C3", f"result {sig.declared()} is not of a complex type")


def _set_dimension_size(sig: Sig) -> Types:
    x, size = sig.operands
    t, dim = sig.declared(), sig.attrs["dimension"]
    require(size == TensorType((), I32), "", "size {} is not tensor<i32>", size)
    require(0 <= dim < x.rank, "", "dimension {} is not in [0, {})", dim, x.rank)
    kept = (t.dtype, t.shape[:dim], t.shape[dim + 1 :])
    fits = kept == (x.dtype, x.shape[:dim], x.shape[dim + 1 :]) and t.rank == x.rank
    require(fits, "", "operand {} and result {} differ in more than dimension {}", x, t, dim)
    return (t,)


define(
    "broadcast",
    "shape",
    ["operand"],
    _broadcast,
    attrs=[Attr("broadcast_sizes", "i64s")],
    dtypes=ALL,
    result="",
    narrow=NARROW,
    table=TEXTUAL,
)
define("dot", "dot", ["lhs", "rhs"], _dot, attrs=[PRECISION], dtypes=ALL, result="", table=TEXTUAL)
define(
    "rng",
    "random",
    ["a", "b", "shape"],
    _rng,
    attrs=[Attr("rng_distribution", "enum", choices=("UNIFORM", "NORMAL"))],
    dtypes=ALL,
    result="C3",
    table=TEXTUAL,
)
define("complex", "dynamic", ["lhs", "rhs"], _complex, dtypes=(F32, F64), table=TEXTUAL)
define(
    "set_dimension_size",
    "dynamic",
    ["operand", "size"],
    _set_dimension_size,
    attrs=[Attr("dimension", "i64")],
    dtypes=ALL,
    result="",
    table=TEXTUAL,
)
