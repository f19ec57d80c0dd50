"""Custom calls by which JAX says what StableHLO cannot say of unknown dimensions.

They only occur in modules that still have to be specialised, and become static ops then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from compiler.errors import InputError, UnsupportedError
from compiler.expand import Emit, Value
from compiler.ir import Graph, Node

_WINDOW = ("window_dimensions", "window_strides", "base_dilations", "window_dilations")


def _assertion(emit: Emit, node: Node, operands: Sequence[Value], _bodies: object) -> list[Value]:
    """``shape_assertion(holds, numbers...)``: nothing, if it holds."""
    holds = emit.known(operands[0])
    if holds is None:
        raise UnsupportedError(f"unsupported: {node.op} that depends on inputs")
    if not holds:
        message = " ".join(str(node.attr("error_message", "")).split())
        for k, x in enumerate(operands[1:]):
            number = emit.known(x)
            message = message.replace(f"{{{k}}}", "?" if number is None else str(number))
        raise InputError(f"the program asserts: {message}")
    return []


def _numbers(emit: Emit, node: Node, x: Value, name: str) -> Any:
    found = emit.known(x)
    if found is None:
        raise UnsupportedError(f"unsupported: {node.op} whose {name} depends on inputs")
    return found


def _reduce_window(
    emit: Emit, node: Node, operands: Sequence[Value], bodies: Sequence[Graph]
) -> list[Value]:
    """``dynamic_reduce_window(inputs..., inits..., window, strides, dilations, padding)``."""
    values, vectors = operands[:-5], operands[-5:]
    attrs: dict[str, Any] = {
        name: tuple(int(n) for n in _numbers(emit, node, x, name))
        for name, x in zip(_WINDOW, vectors, strict=False)
    }
    rows = _numbers(emit, node, vectors[-1], "padding")
    attrs["padding"] = tuple((int(low), int(high)) for low, high in rows)
    return emit.ops("reduce_window", *values, regions=bodies, **attrs)


def _top_k(emit: Emit, node: Node, operands: Sequence[Value], _bodies: object) -> list[Value]:
    """``dynamic_top_k(operand, k)``: as ``chlo.top_k``, which ``emit.ops`` would expand."""
    x, k = operands
    first = emit.builder.emit(
        "chlo.top_k", [x.id], loc=emit.loc, k=int(_numbers(emit, node, k, "k"))
    )
    return [emit.value(first), emit.value(first + 1)]


# Takes (emit, node, operands, the graphs of the functions that it calls).
OpenCall = Callable[[Emit, Node, Sequence[Value], Sequence[Graph]], list[Value]]
OPEN_CALLS: dict[str, OpenCall] = {
    "shape_assertion": _assertion,
    "stablehlo.dynamic_reduce_window": _reduce_window,
    "stablehlo.dynamic_top_k": _top_k,
}
