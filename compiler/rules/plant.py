"""From terms to nodes: emits a term's ops through a builder, finding the types of constants from
where they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from compiler.build import Builder
from compiler.dtypes import I1, DType
from compiler.ir import Graph, Literal, TensorType
from compiler.ops import OPS, Sig
from compiler.ops.dot import dot_shape
from compiler.rules.term import Const, Monoid, Tensor, Term, scalar_bytes
from compiler.rules.values import Axis, Direction

# Elementwise ops whose operands and result all have one type.
UNIFORM = frozenset(op.name for op in OPS.values() if op.elementwise) - {
    "compare",
    "convert",
    "is_finite",
    "select",
}


class Sink(Protocol):
    """What :func:`plant` needs of a builder; :class:`compiler.build.Builder` is one."""

    types: list[TensorType]

    def emit(
        self,
        op: str,
        operands: Sequence[int] = (),
        /,
        *,
        types: Sequence[TensorType] | None = None,
        regions: Sequence[Graph] = (),
        **attrs: Any,
    ) -> int:
        """Append an op; returns its first result."""
        ...

    def constant(self, value: Literal, /) -> int:
        """Append a constant."""
        ...


def plant(
    term: Term, sink: Sink, leaves: Mapping[str, int], expected: TensorType | None = None
) -> int:
    """Emit ``term`` (bound to concrete values) and return the number of its result.

    Args:
        term: one side of ``Rule.instantiate``.
        sink: takes the ops.
        leaves: value numbers of the tensor variables.
        expected: type of the result, where known: constants take their type from it.

    Raises:
        VerifyError: an op breaks a constraint of the specification (not with a rule's guard
            fulfilled).
    """
    if isinstance(term, Tensor):
        return leaves[term.name]
    if isinstance(term, Const):
        return sink.constant(literal(term, expected))
    operands: list[int] = [-1] * len(term.args)
    for floating in (False, True):  # typed operands first: constants beside them take their type
        for i, arg in enumerate(term.args):
            if _floating(arg) is floating:
                wanted = _context(term, i, operands, sink, expected)
                operands[i] = plant(arg, sink, leaves, wanted)
    attrs = dict(term.attrs)
    regions: tuple[Graph, ...] = ()
    types = [sink.types[v] for v in operands]
    result: TensorType | None = None
    if "shape" in attrs:
        result = TensorType(tuple(int(n) for n in attrs.pop("shape")), types[0].dtype)
    elif term.op == "convert":
        result = TensorType(types[0].shape, attrs.pop("dtype"))
    elif "body" in attrs:
        regions = (monoid_body(attrs.pop("body").op, types[0].dtype),)
    elif "rest" in attrs:
        rest = dict(attrs.pop("rest"))
        dtype = rest.pop("dtype")
        attrs |= rest
        plain = {k: _plain(v) for k, v in attrs.items()}
        result = TensorType(dot_shape(Sig(tuple(types), plain)), dtype)
    stated = None if result is None else (result,)
    plain = {k: _plain(v) for k, v in attrs.items()}
    return sink.emit(term.op, operands, types=stated, regions=regions, **plain)


def literal(term: Const, expected: TensorType | None) -> Literal:
    """The constant that ``term`` stands for, of type ``expected`` or of its own."""
    assert expected is not None or term.shape is not None, f"nothing gives {term!r} a type"
    t = expected or TensorType(tuple(int(n) for n in term.shape), term.dtype)
    return Literal(t, scalar_bytes(term.value, t.dtype) if t.size else b"")


@lru_cache(maxsize=256)
def monoid_body(op: str, dtype: DType) -> Graph:
    """The body of a reduce that folds with one op."""
    scalar = TensorType((), dtype)
    b = Builder([scalar, scalar])
    return b.graph([b.emit(op, [0, 1])])


def body_op(region: Graph) -> str | None:
    """The op that a reduce folds with if its body is just one commutative op of both arguments,
    else ``None``.
    """
    if len(region.nodes) != 1 or len(region.params) != 2 or region.results != (2,):
        return None
    node = region.nodes[0]
    if node.op not in Monoid.choices or sorted(node.operands) != [0, 1]:
        return None
    return node.op


def _floating(term: Term) -> bool:
    """Whether the term has no type of its own."""
    if isinstance(term, Const):
        return True
    return term.op in UNIFORM and all(_floating(a) for a in term.args)


def _context(
    term: Term, i: int, operands: Sequence[int], sink: Sink, expected: TensorType | None
) -> TensorType | None:
    """The type that operand ``i`` must have, as far as the place tells."""
    known = [sink.types[v] if v >= 0 else None for v in operands]
    if term.op == "select":
        branch = known[1] or known[2] or expected or known[0]
        if i == 0:
            return TensorType(branch.shape, I1) if branch else None
        return branch
    if term.op == "clamp":
        return known[1] or expected
    if term.op in UNIFORM:
        return next((t for t in known if t is not None), expected)
    if term.op == "compare":
        return next((t for t in known if t is not None), None)
    if term.op in ("pad", "reduce") and i == 1:
        assert known[0] is not None
        return TensorType((), known[0].dtype)
    return None


def _plain(value: Any) -> Any:
    """An attribute value as the op table wants it."""
    if isinstance(value, Direction):
        return str(value)
    if isinstance(value, Axis):
        return int(value)
    if isinstance(value, tuple) and value and isinstance(value[0], int):
        return tuple(int(v) for v in value)
    return tuple(value) if isinstance(value, tuple) else value
