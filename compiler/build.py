"""Building graphs node by node, with types inferred and checked by the op table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from compiler.errors import ConstraintError, Loc, UnsupportedError, VerifyError
from compiler.ir import Array, Graph, Literal, Node, TensorType
from compiler.ops import OPS, Sig
from compiler.ops.table import Op, Types
from compiler.ops.table import row as row_of

Callee = Callable[[str], tuple[Types, Types] | None]


def _no_callee(_name: str) -> None:
    return None


class Builder:
    """Collects nodes and numbers their results.

    Args:
        params: types of the graph's parameters, values 0, 1, ...
        callee: finds the types of functions for ``call`` and ``composite``.
    """

    def __init__(self, params: Sequence[TensorType] = (), callee: Callee = _no_callee) -> None:
        self.params = tuple(params)
        self.types: list[TensorType] = list(params)
        self.nodes: list[Node] = []
        self.locs: list[Loc | None] = []
        self._callee = callee

    def add(self, node: Node, loc: Loc | None = None) -> int:
        """Append a finished node unchecked; returns the number of its first result."""
        first = len(self.types)
        self.nodes.append(node)
        self.locs.append(loc)
        self.types.extend(node.types)
        return first

    def emit(
        self,
        op: str,
        operands: Sequence[int] = (),
        /,
        *,
        types: Sequence[TensorType] | None = None,
        regions: Sequence[Graph] = (),
        captures: Sequence[int] = (),
        loc: Loc | None = None,
        **attrs: Any,
    ) -> int:
        """Append a checked node and return the number of its first result.

        ``types`` is needed where the result cannot be inferred (``convert``, ``reshape``,
        ``broadcast_in_dim``, ``iota``, ``bitcast_convert``). Raises VerifyError naming the op and
        the specification's constraint.
        """
        row = OPS[op]
        full = row.fill({a.name: attrs.pop(a.name, a.default) for a in row.attrs})
        assert not attrs, f"{op} has no attribute {sorted(attrs)}"
        node_types = infer(
            op,
            [self.types[v] for v in operands],
            full,
            regions=regions,
            results=types,
            callee=self._callee,
            loc=loc,
            captures=len(captures),
        )
        return self.add(
            Node(
                op,
                tuple(operands),
                tuple(full.items()),
                node_types,
                tuple(regions),
                tuple(captures),
            ),
            loc,
        )

    def constant(self, value: Array | Literal) -> int:
        """Append a constant."""
        literal = value if isinstance(value, Literal) else Literal.of(value)
        return self.add(Node("constant", (), (("value", literal),), (literal.type,)))

    def splat(self, t: TensorType, value: Any) -> int:
        """Append a constant whose elements all are ``value``."""
        return self.constant(Literal.splat(t, value))

    def graph(self, results: Sequence[int]) -> Graph:
        """The finished graph."""
        locs = tuple(self.locs) if any(self.locs) else ()
        return Graph(self.params, tuple(self.nodes), tuple(results), locs)


def infer(
    op: str,
    operands: Sequence[TensorType],
    attrs: dict[str, Any],
    *,
    regions: Sequence[Graph] = (),
    results: Sequence[TensorType] | None = None,
    callee: Callee = _no_callee,
    loc: Loc | None = None,
    captures: int = 0,
) -> Types:
    """Result types of one op; raises VerifyError if a constraint of the specification is broken.

    Where ``results`` are stated they must equal the inferred ones. The last ``captures`` parameters
    of each region are outer values.
    """
    row = row_of(op)
    assert row is not None, op
    try:
        for a in row.attrs:
            if a.check is not None:
                a.check(attrs[a.name])
        count = len(row.operands)
        if not row.variadic and len(operands) != count:
            raise ConstraintError("", f"takes {count} operands, not {len(operands)}")
        stated = None if results is None else tuple(results)
        sig = Sig(tuple(operands), attrs, tuple(regions), stated, callee, captures)
        subject = operands[0] if operands else (stated or row.rule(sig))[0] if row.dtypes else None
        if row.dtypes and subject is not None and subject.dtype not in row.dtypes:
            kinds = {d.kind for d in row.dtypes} if subject.dtype.narrow else ()
            if subject.dtype.kind not in kinds:
                raise ConstraintError("I1", f"element type {subject.dtype} is not allowed")
        found = row.rule(sig)
        if stated is not None and found != stated:
            want, have = ", ".join(map(str, found)), ", ".join(map(str, stated))
            raise ConstraintError(row.result, f"result type is {want}, not {have}")
        require_sizes(operands)
        require_sizes(found)
        if row.dtypes:
            _require_narrow(row, (*operands, *found))
    except ConstraintError as e:
        raise VerifyError(f"{op}: {e}", where=loc) from None
    except UnsupportedError as e:
        raise UnsupportedError(e.message, where=e.where or loc) from None
    return found


def _require_narrow(row: Op, types: Sequence[TensorType]) -> None:
    """Raise UnsupportedError for a narrow element type that the row does not name."""
    for t in types:
        if t.dtype.narrow and t.dtype not in row.narrow:
            raise UnsupportedError(f"unsupported element type {t.dtype} of {row.name}")


def require_sizes(types: Sequence[TensorType]) -> None:
    """Raise ConstraintError if a dimension is negative: the specification has no such type."""
    for t in types:
        for d in t.shape:
            if d < 0:
                raise ConstraintError("", f"{t} has a negative dimension")
