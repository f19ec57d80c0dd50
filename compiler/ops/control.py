"""Control flow: while, case, if, map, optimization_barrier."""

from __future__ import annotations

from compiler.dtypes import ALL, I1, I32
from compiler.ir import TensorType
from compiler.ops.bodies import scalar
from compiler.ops.table import Attr, Sig, Types, define, require


def _spelled(types: Types) -> str:
    return f"({', '.join(map(str, types))})"


def _while(sig: Sig) -> Types:
    carried = sig.operands
    cond, body = sig.regions
    for number, k, name in (("C1", 0, "cond"), ("C2", 1, "body")):
        require(
            sig.arguments(k) == carried,
            number,
            "{} takes {}, the operands are {}",
            name,
            _spelled(sig.arguments(k)),
            _spelled(carried),
        )
    require(
        cond.result_types == (scalar(I1),),
        "C1",
        "cond must return tensor<i1>, not {}",
        _spelled(cond.result_types),
    )
    require(
        body.result_types == carried,
        "C2",
        "body returns {}, the operands are {}",
        _spelled(body.result_types),
        _spelled(carried),
    )
    return carried


def _branches(sig: Sig, numbers: tuple[str, str]) -> Types:
    """The common result types of branches without block arguments."""
    first = sig.regions[0].result_types
    for k, region in enumerate(sig.regions):
        require(
            not sig.arguments(k),
            numbers[0],
            "branch {} must take no block arguments, not {}",
            k,
            len(sig.arguments(k)),
        )
        require(
            region.result_types == first,
            numbers[1],
            "branch {} returns {}, branch 0 {}",
            k,
            _spelled(region.result_types),
            _spelled(first),
        )
    return first


def _case(sig: Sig) -> Types:
    require(len(sig.regions) > 0, "C1", "needs at least one branch")
    require(sig.operands[0] == scalar(I32), "I1", "index {} is no tensor<i32>", sig.operands[0])
    return _branches(sig, ("C2", "C3"))


def _if(sig: Sig) -> Types:
    require(sig.operands[0] == scalar(I1), "I1", "pred {} is no tensor<i1>", sig.operands[0])
    return _branches(sig, ("C1", "C2"))


def _map(sig: Sig) -> Types:
    require(len(sig.operands) > 0, "C2", "needs at least one input")
    first = sig.operands[0]
    for t in sig.operands[1:]:
        require(t.shape == first.shape, "C1", "shapes of inputs {} and {} differ", first, t)
    dims, args = sig.attrs["dimensions"], sig.arguments()
    require(
        dims == tuple(range(first.rank)),
        "C3",
        "dimensions {} is not {}",
        dims,
        tuple(range(first.rank)),
    )
    require(
        args == tuple(scalar(t.dtype) for t in sig.operands),
        "C4",
        "computation takes {}, not one scalar of each input",
        _spelled(args),
    )
    out = sig.regions[0].result_types
    require(
        len(out) == 1 and out[0].rank == 0,
        "C4",
        "computation must return one scalar, not {}",
        _spelled(out),
    )
    return (TensorType(first.shape, out[0].dtype),)


def _optimization_barrier(sig: Sig) -> Types:
    return sig.operands


define("while", "control", ["operand*"], _while, regions=2, result="C3")
define("case", "control", ["index"], _case, regions=-1, result="C4")
define("if", "control", ["pred"], _if, regions=2, result="C3")
define(
    "map",
    "control",
    ["inputs*"],
    _map,
    attrs=[Attr("dimensions", "i64s")],
    dtypes=ALL,
    regions=1,
    result="C4",
)
define("optimization_barrier", "control", ["operand*"], _optimization_barrier)
