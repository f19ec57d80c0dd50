"""What the body of a reduce is: a single op on each accumulator, or anything else."""

from __future__ import annotations

from functools import lru_cache

from compiler.ir import Graph
from compiler.ops import OPS

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
    ops and constants.
    """
    if any(t.rank for t in body.types):
        return False
    return all(
        OPS[n.op].elementwise or n.op in ("constant", "call", "composite") for n in body.nodes
    )


@lru_cache(maxsize=64)
def kept_first(rank: int, dims: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that puts kept dimensions first and reduced ones last, each in ascending
    order.
    """
    return (*(d for d in range(rank) if d not in dims), *sorted(dims))
