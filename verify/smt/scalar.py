"""Scalars in three readings, and the dispatch of a scalar op to them.

* ``bits``: floats are IEEE 754 terms, rounded to nearest even; integers are bit-vectors; i1 is
  Bool.
* ``reals``: floats are real numbers: no rounding, no infinities, no NaN. For rules under a
  contract.
* ``abstract``: floats are an uninterpreted sort and their ops uninterpreted functions, commutative
  where the op is. What holds here holds bit for bit in every dtype, and is decided fast.

Integers and i1 are exact in all three. Transcendental functions are uninterpreted everywhere: equal
inputs give equal results (all that the canonical evaluation promises symbolically).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import z3

from compiler.dtypes import I1, DType
from compiler.ops import OPS
from verify.smt import scalar_bits, scalar_ints, scalar_reals
from verify.smt.tensor import Env, Term, Unknown, bits_of

READINGS = ("abstract", "bits", "reals")


@cache
def sort_of(dtype: DType, reading: str) -> Any:
    """The Z3 sort of one element."""
    if dtype is I1:
        return z3.BoolSort()
    if not dtype.is_float:
        return z3.BitVecSort(dtype.bits)
    if reading == "reals":
        return z3.RealSort()
    if reading == "abstract":
        return z3.DeclareSort(f"element.{dtype.name}")
    return scalar_bits.sort(dtype)


def literal(env: Env, value: Any, dtype: DType) -> Term:
    """The term of one NumPy scalar of ``dtype``; Unknown for infinity and NaN as a real number."""
    if dtype is I1:
        return z3.BoolVal(bool(value))
    if not dtype.is_float:
        return z3.BitVecVal(int(value), dtype.bits)
    if env.reading == "bits":
        return scalar_bits.literal(value, dtype)
    if env.reading == "abstract":
        if np.isnan(value):
            value = np.asarray(np.nan).astype(dtype.numpy)
        return env.uninterpreted(
            f"literal.{dtype.name}.{bits_of(value, dtype):x}", (), sort_of(dtype, "abstract")
        )
    if not np.isfinite(np.float64(value)):
        raise Unknown(f"the constant {value} is no real number")
    exact = Fraction(float(value))
    return z3.RealVal(exact)


def apply(
    env: Env,
    op: str,
    attrs: Mapping[str, Any],
    dtypes: Sequence[DType],
    out: DType,
    args: Sequence[Term],
) -> Term:
    """One scalar op.

    Args:
        dtypes: of the arguments; ``out`` of the result.
        args: terms of the sorts of ``dtypes``.
    Raises Unknown where the op has no meaning in the reading at hand.
    """
    if op == "select":
        return z3.If(args[0], args[1], args[2])
    kind = dtypes[0]
    if kind.is_float or (op == "convert" and out.is_float):
        return _float(env, op, attrs, dtypes, out, args)
    row: Callable[..., Term] | None = (
        scalar_ints.BOOLEANS if kind is I1 else scalar_ints.INTEGERS
    ).get(op)
    if row is None:
        raise Unknown(f"{op} of {kind} has no symbolic meaning")
    return row(attrs, kind, out, *args)


def _float(
    env: Env,
    op: str,
    attrs: Mapping[str, Any],
    dtypes: Sequence[DType],
    out: DType,
    args: Sequence[Term],
) -> Term:
    kind = dtypes[0]
    if env.reading != "abstract":
        rows = scalar_bits.FLOATS if env.reading == "bits" else scalar_reals.FLOATS
        if op in rows:
            return rows[op](env, attrs, kind, out, *args)
    values = [f"{k}={v}" for k, v in sorted(attrs.items()) if v not in ("", None)]
    name = ".".join([op, kind.name, *([out.name] if out is not kind else []), *values])
    sort = sort_of(out, env.reading)
    made = env.uninterpreted(name, args, sort)
    if "commutative" in OPS[op].traits and len(args) == 2 and not args[0].eq(args[1]):
        # The arguments keep their order: folds are taken apart by the position of a term.
        env.facts.append(made == env.uninterpreted(name, [args[1], args[0]], sort))
    return made


def abstract_name(op: str, dtype: DType) -> str:
    """The name of the function that stands for a plain op in the reading ``abstract``."""
    return f"{op}.{dtype.name}"
