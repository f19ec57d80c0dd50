"""Bodies of reduce and its like: what kind they are, and how they run for many elements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from compiler.ir import Array, Graph
from compiler.ops import OPS

if TYPE_CHECKING:
    from verify.ref.core import Context

SINGLE = ("add", "multiply", "maximum", "minimum", "and", "or", "xor")


def single_ops(body: Graph, count: int) -> tuple[str, ...] | None:
    """For a body over ``count`` inputs that combines accumulator i and element i by one op each:
    those ops, else None.
    """
    if len(body.nodes) != count or len(body.results) != count:
        return None
    ops = []
    for i, result in enumerate(body.results):
        node = body.node_of(result)
        if node is None or node.op not in SINGLE or sorted(node.operands) != [i, count + i]:
            return None
        ops.append(node.op)
    return tuple(ops)


def is_scalar_code(body: Graph) -> bool:
    """Whether the body can be evaluated for many elements at once: rank 0 throughout, elementwise
    ops and constants. A function that it calls may hold any op, so a call is none.
    """
    if any(t.rank for t in body.types):
        return False
    return all(OPS[n.op].elementwise or n.op == "constant" for n in body.nodes)


@lru_cache(maxsize=64)
def kept_first(rank: int, dims: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that puts kept dimensions first and reduced ones last, each in ascending
    order.
    """
    return (*(d for d in range(rank) if d not in dims), *sorted(dims))


def at_once(
    ctx: Context, body: Graph, args: Sequence[Array], captures: Sequence[Array]
) -> list[Array]:
    """The results of a body for many elements: ``args`` are arrays of one shape, ``captures`` of
    their own. A body that needs true scalars runs once an element.
    """
    shape = args[0].shape
    if is_scalar_code(body):
        values = ctx.run(body, [*args, *captures], check=False)
        return [np.broadcast_to(values[v], shape) for v in body.results]
    outs = [np.empty(shape, body.types[v].dtype.numpy) for v in body.results]
    for index in np.ndindex(shape):
        values = ctx.run(body, [*(np.asarray(x[index]) for x in args), *captures])
        for out, v in zip(outs, body.results, strict=True):
            out[index] = values[v]
    return outs
