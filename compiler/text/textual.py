"""What a text may say in another way than the op table, and what only a text may hold.

Every node that was read passes through :func:`settled`: ops of before StableHLO's specification
become those of today, the other ops of ``compiler.ops.TEXTUAL`` are judged and refused, but for
a ``set_dimension_size`` to a constant, which is a slice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.build import infer
from compiler.errors import UnsupportedError, VerifyError
from compiler.ir import Array, Literal, Node, TensorType
from compiler.ops import OPS, TEXTUAL
from compiler.ops.elementwise import compare_types
from compiler.text.nodes import NodeReader
from compiler.text.scope import Scope

Operands = list[TensorType]


def settled(p: NodeReader, scope: Scope, node: Node, at: int) -> Node:
    """``node``, whose text begins at token ``at``, as a graph may hold it."""
    if node.op not in _KNOWN:
        return node
    operands = [scope.type_of(v) if v < 0 else scope.types[v] for v in node.operands]
    if node.op in TEXTUAL and not p.dynamic:
        infer(node.op, operands, dict(node.attrs), results=node.types, loc=p.loc(at))
        _check_shape(p, scope, node, at)
    if node.op == "set_dimension_size":
        size = _constant(scope, node.operands[1])
        made = None if size is None else _resized(node, operands[0], int(size))
    else:
        made = MODERN[node.op](node, operands) if node.op in MODERN else None
    if made is None:
        raise UnsupportedError(f"unsupported op stablehlo.{node.op}", where=p.loc(at))
    return made


def _check_shape(p: NodeReader, scope: Scope, node: Node, at: int) -> None:
    """C3 of rng, where the shape is a constant of the same block."""
    stated = _constant(scope, node.operands[2]) if node.op == "rng" else None
    if stated is not None and tuple(stated) != node.types[0].shape:
        message = f"rng: (C3) result {node.types[0]} does not have shape {stated.tolist()}"
        raise VerifyError(message, where=p.loc(at))


def _constant(scope: Scope, value: int) -> Array | None:
    """The elements of a value that is a constant of this block."""
    first = scope.params
    for n in scope.nodes:
        if first == value and isinstance(literal := n.attr("value"), Literal):
            return literal.array()
        first += len(n.types)
    return None


def _resized(node: Node, x: TensorType, size: int) -> Node | None:
    """A dimension of a constant size that is no larger than it was: a slice."""
    dim = node.attr("dimension")
    limits = (*x.shape[:dim], size, *x.shape[dim + 1 :])
    if limits != node.types[0].shape or not 0 <= size <= x.shape[dim]:
        return None
    starts, strides = (0,) * x.rank, (1,) * x.rank
    sliced = _made("slice", node, start_indices=starts, limit_indices=limits, strides=strides)
    return sliced._replace(operands=node.operands[:1])


def _made(op: str, node: Node, **attrs: Any) -> Node:
    """An op of one region-free row with operands and results of ``node``."""
    full = tuple((a.name, attrs.get(a.name, a.default)) for a in OPS[op].attrs)
    return Node(op, node.operands, full, node.types)


def _broadcast(node: Node, operands: Operands) -> Node:
    """New dimensions stand before those of the operand."""
    new = len(node.attr("broadcast_sizes"))
    dims = tuple(range(new, new + operands[0].rank))
    return _made("broadcast_in_dim", node, broadcast_dimensions=dims)


def _dot(node: Node, operands: Operands) -> Node:
    """The last dimension of lhs meets the first one of rhs."""
    return _made(
        "dot_general",
        node,
        lhs_contracting_dimensions=(operands[0].rank - 1,),
        rhs_contracting_dimensions=(0,),
        precision_config=node.attr("precision_config"),
    )


def _compare(node: Node, operands: Operands) -> Node:
    """Upstream does not enforce C3: a compare_type that does not fit the element type says nothing,
    and the element type decides as where none is stated.
    """
    if not operands or node.attr("compare_type") in compare_types(operands[0].dtype):
        return node
    direction = node.attr("comparison_direction")
    return _made("compare", node, comparison_direction=direction)


MODERN: dict[str, Callable[[Node, Operands], Node]] = {
    "broadcast": _broadcast,
    "compare": _compare,
    "dot": _dot,
}
_KNOWN = frozenset([*TEXTUAL, *MODERN])
