"""reduce: any body over any dimensions, several operands at once."""

from __future__ import annotations

from compiler.dtypes import ALL
from compiler.errors import UnsupportedError
from compiler.ir import Graph, TensorType
from compiler.ops.table import Attr, Sig, Types, define, require


def _refuse_promotion(body: Graph, inputs: Types) -> None:
    """The specification lets the body compute in a wider type of the same kind (is_promotable): not
    supported.
    """
    for x, p in zip(inputs, body.params, strict=False):
        a, b = x.dtype, p.dtype
        if a is not b and p.rank == 0 and a.kind == b.kind and a.bits <= b.bits:
            raise UnsupportedError(f"reduce: unsupported body in {b} for inputs of {a}")


def _reduce(sig: Sig) -> Types:
    require(
        len(sig.operands) >= 2 and len(sig.operands) % 2 == 0,
        "C3",
        "needs as many inputs as init_values",
    )
    half = len(sig.operands) // 2
    inputs, inits = sig.operands[:half], sig.operands[half:]
    dims = sig.attrs["dimensions"]
    for t in inputs[1:]:
        require(t.shape == inputs[0].shape, "C1", "shapes of inputs {} and {} differ", inputs[0], t)
    for x, i in zip(inputs, inits, strict=True):
        require(i.rank == 0, "I2", "init_value {} is no scalar", i)
        require(
            x.dtype is i.dtype, "C2", "element types of input {} and init_value {} differ", x, i
        )
    rank = inputs[0].rank
    require(all(0 <= d < rank for d in dims), "C4", "dimensions {} not all in [0, {})", dims, rank)
    require(len(set(dims)) == len(dims), "C5", "dimensions {} repeat a dimension", dims)
    require(len(sig.regions) == 1, "C6", "needs one body")
    body = sig.regions[0]
    scalars = tuple(TensorType((), t.dtype) for t in inputs)
    _refuse_promotion(body, inputs)
    require(
        body.params[: 2 * half] == scalars + scalars,
        "C6",
        "body must take {} scalars of the input types",
        2 * half,
    )
    require(body.result_types == scalars, "C6", "body must return one scalar of each input's type")
    shape = tuple(n for i, n in enumerate(inputs[0].shape) if i not in dims)
    return tuple(TensorType(shape, t.dtype) for t in inputs)


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
