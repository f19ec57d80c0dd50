"""Matrix factorisation and solving: cholesky, triangular_solve."""

from __future__ import annotations

from compiler.dtypes import FLOATS
from compiler.ops.table import Attr, Sig, Types, define, require


def _cholesky(sig: Sig) -> Types:
    a = sig.operands[0]
    require(a.rank >= 2, "C2", "a must have rank 2 or more, not {}", a.rank)
    require(a.shape[-2] == a.shape[-1], "C3", "the matrices of {} are not square", a)
    return (a,)


def _triangular_solve(sig: Sig) -> Types:
    a, b = sig.operands
    left = sig.attrs["left_side"]
    require(a.dtype is b.dtype, "C1", "element types of a {} and b {} differ", a, b)
    require(a.rank >= 2, "C2", "a must have rank 2 or more, not {}", a.rank)
    require(a.rank == b.rank, "C2", "ranks of a {} and b {} differ", a, b)
    require(a.shape[:-2] == b.shape[:-2], "C3", "batch dimensions of a {} and b {} differ", a, b)
    require(a.shape[-2] == a.shape[-1], "C3", "the matrices of a {} are not square", a)
    require(
        a.shape[-1] == b.shape[-2 if left else -1],
        "C3",
        "the shared dimension of a {} and b {} differs",
        a,
        b,
    )
    return (b,)


define(
    "cholesky",
    "linalg",
    ["a"],
    _cholesky,
    attrs=[Attr("lower", "bool", False)],
    dtypes=FLOATS,
)
define(
    "triangular_solve",
    "linalg",
    ["a", "b"],
    _triangular_solve,
    attrs=[
        Attr("left_side", "bool"),
        Attr("lower", "bool"),
        Attr("unit_diagonal", "bool"),
        Attr("transpose_a", "enum", choices=("NO_TRANSPOSE", "TRANSPOSE", "ADJOINT")),
    ],
    dtypes=FLOATS,
    result="C4",
)
