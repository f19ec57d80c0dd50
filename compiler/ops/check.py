"""Ops with which a test text checks itself; a table of their own, since no program holds them.

Source: the check dialect of the StableHLO project, and the custom calls of the same names. Ops with
``_const`` hold the expected value.
"""

from __future__ import annotations

from compiler.dtypes import ALL, NARROW
from compiler.ops.table import CHECKS, Attr, Sig, Types, define, require

_VALUE = Attr("value", "literal")
_TOLERANCE = Attr("tolerance", "f64", 1e-4)
_ULPS = [Attr("max_ulp_difference", "i64", 1), Attr("min_ulp_difference", "i64", 0)]


def _pair(sig: Sig) -> Types:
    lhs, rhs = sig.operands
    require(lhs == rhs, "", "types {} and {} differ", lhs, rhs)
    return ()


def _const(sig: Sig) -> Types:
    lhs, t = sig.operands[0], sig.attrs["value"].type
    require(lhs == t, "", "types {} and {} differ", lhs, t)
    return ()


for _name, _attrs in (("eq", []), ("almost_eq", [_TOLERANCE]), ("close", _ULPS)):
    define(
        f"check.expect_{_name}",
        "check",
        ["lhs", "rhs"],
        _pair,
        attrs=_attrs,
        dtypes=ALL,
        narrow=NARROW,
        table=CHECKS,
    )
for _name, _attrs in (("eq", []), ("almost_eq", [_TOLERANCE])):
    define(
        f"check.expect_{_name}_const",
        "check",
        ["lhs"],
        _const,
        attrs=[_VALUE, *_attrs],
        dtypes=ALL,
        narrow=NARROW,
        table=CHECKS,
    )
