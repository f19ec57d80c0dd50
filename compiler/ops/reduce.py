"""reduce: any body over any dimensions, several operands at once."""

from __future__ import annotations

from compiler.dtypes import ALL
from compiler.ir import TensorType
from compiler.ops.bodies import check_reducer, require_same_shape, require_scalars
from compiler.ops.table import Attr, Sig, Types, define, require


def _reduce(sig: Sig) -> Types:
    require(
        len(sig.operands) >= 2 and len(sig.operands) % 2 == 0,
        "C3",
        "needs as many inputs as init_values",
    )
    half = len(sig.operands) // 2
    inputs, inits = sig.operands[:half], sig.operands[half:]
    dims = sig.attrs["dimensions"]
    require_same_shape(inputs, "inputs", "C1")
    require_scalars(inits, "init value", "I2")
    for x, i in zip(inputs, inits, strict=True):
        require(x.dtype is i.dtype, "C2", "element types of input {} and init {} differ", x, i)
    rank = inputs[0].rank
    require(all(0 <= d < rank for d in dims), "C4", "dimensions {} not all in [0, {})", dims, rank)
    require(len(set(dims)) == len(dims), "C5", "dimensions {} repeat a dimension", dims)
    results = check_reducer(sig, 0, inputs, inits, "C6")
    shape = tuple(n for i, n in enumerate(inputs[0].shape) if i not in dims)
    return tuple(TensorType(shape, t.dtype) for t in results)


define(
    "reduce",
    "reduce",
    ["inputs_and_inits*"],
    _reduce,
    attrs=[Attr("dimensions", "i64s")],
    dtypes=ALL,
    regions=1,
    result="C7",
)
