"""Changes of element type: convert, bitcast_convert, reduce_precision."""

from __future__ import annotations

from compiler.dtypes import ALL, FLOATS, NARROW
from compiler.ops.bodies import at_least
from compiler.ops.table import Attr, Sig, Types, define, require


def _convert(sig: Sig) -> Types:
    x, t = sig.operands[0], sig.declared()
    require(x.shape == t.shape, "C1", "shape of operand {} and result {} differ", x, t)
    return (t,)


def _bitcast_convert(sig: Sig) -> Types:
    x, t = sig.operands[0], sig.declared()
    have, want = x.dtype.bits, t.dtype.bits
    if have == want:
        require(x.shape == t.shape, "C1", "shape of operand {} and result {} differ", x, t)
    elif have > want:
        fits = t.rank == x.rank + 1 and t.shape[:-1] == x.shape and t.shape[-1] * want == have
        require(
            fits, "C1", "result {} must be {} with one more dimension of {}", t, x, have // want
        )
    else:
        fits = x.rank == t.rank + 1 and x.shape[:-1] == t.shape and x.shape[-1] * have == want
        require(
            fits, "C1", "operand {} must be {} with one more dimension of {}", x, t, want // have
        )
    return (t,)


def _reduce_precision(sig: Sig) -> Types:
    return (sig.operands[0],)


define(
    "convert",
    "convert",
    ["operand"],
    _convert,
    dtypes=ALL,
    traits="elementwise",
    narrow=NARROW,
)
define("bitcast_convert", "convert", ["operand"], _bitcast_convert, dtypes=ALL)
define(
    "reduce_precision",
    "convert",
    ["operand"],
    _reduce_precision,
    attrs=[
        Attr("exponent_bits", "i64", check=at_least("exponent_bits", 1, "C2")),
        Attr("mantissa_bits", "i64", check=at_least("mantissa_bits", 0, "C3")),
    ],
    dtypes=FLOATS,
    traits="elementwise exact",
)
