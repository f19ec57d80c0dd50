"""Ops without operands: constant, iota."""

from __future__ import annotations

from compiler.dtypes import ALL, FLOATS, INTEGERS, NARROW
from compiler.ops.table import Attr, Sig, Types, define, require


def _constant(sig: Sig) -> Types:
    t, data = sig.attrs["value"]
    lengths = {t.nbytes, t.dtype.numpy.itemsize if t.size else 0}
    require(len(data) in lengths, "C1", "value of type {} has {} bytes", t, len(data))
    if sig.results is not None:
        require(sig.declared() == t, "C1", "value has type {}, result {}", t, sig.declared())
    return (t,)


def _iota(sig: Sig) -> Types:
    t, dim = sig.declared(), sig.attrs["iota_dimension"]
    require(0 <= dim < t.rank, "C1", "iota_dimension {} is not in [0, {})", dim, t.rank)
    return (t,)


define(
    "constant",
    "constant",
    [],
    _constant,
    attrs=[Attr("value", "literal")],
    dtypes=ALL,
    narrow=NARROW,
)
define(
    "iota",
    "constant",
    [],
    _iota,
    attrs=[Attr("iota_dimension", "i64")],
    dtypes=INTEGERS + FLOATS,
    narrow=NARROW,
)
