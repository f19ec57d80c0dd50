"""sort: along one dimension, by any comparator, several operands at once."""

from __future__ import annotations

from compiler.dtypes import ALL, I1
from compiler.ops.bodies import scalar
from compiler.ops.table import Attr, Sig, Types, define, require


def _sort(sig: Sig) -> Types:
    inputs, dim = sig.operands, sig.attrs["dimension"]
    require(len(inputs) > 0, "C1", "needs at least one input")
    for t in inputs[1:]:
        same = t.shape == inputs[0].shape
        require(same, "C3", "shapes of inputs {} and {} differ", inputs[0], t)
    rank = inputs[0].rank
    require(-rank <= dim < rank, "C4", "dimension {} is not in [{}, {})", dim, -rank, rank)
    wanted = tuple(scalar(t.dtype) for t in inputs for _ in range(2))
    require(
        sig.arguments() == wanted,
        "C5",
        "comparator must take two scalars of each input, ({}), not ({})",
        ", ".join(map(str, wanted)),
        ", ".join(map(str, sig.arguments())),
    )
    out = sig.regions[0].result_types
    require(
        out == (scalar(I1),),
        "C5",
        "comparator must return tensor<i1>, not ({})",
        ", ".join(map(str, out)),
    )
    return inputs


define(
    "sort",
    "sort",
    ["inputs*"],
    _sort,
    attrs=[Attr("dimension", "i64", -1), Attr("is_stable", "bool", False)],
    dtypes=ALL,
    regions=1,
    result="C2",
)
