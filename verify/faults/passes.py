"""Bugs in passes: stale subexpressions, wrong folding, operands swapped, accumulation in bf16."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from compiler.dtypes import BF16, F32
from compiler.ir import Graph, Literal, Module, Node, TensorType
from compiler.lower import elementwise as lower_elementwise
from compiler.passes import cse, fold, inline, outline
from compiler.pipeline import PASSES
from compiler.rewrite import Pass, Trace
from verify.faults.base import Install, declare, exchanged, patched

Key = Callable[[Node], Node]


def _without_attributes(old: Key) -> Key:
    """Ops on the same operands with results of one type count as equal, in spite of attributes."""

    def key(node: Node) -> Node:
        return old(node) if node.op == "constant" else old(node)._replace(attrs=())

    return key


def _unordered_operands(old: Key) -> Key:
    """Operands of every op of two are put in one order, as if all were commutative."""

    def key(node: Node) -> Node:
        return old(node)._replace(operands=tuple(sorted(node.operands)))

    return key


def _equal_zeros(old: Key) -> Key:
    """Constants are compared by value: -0.0 equals 0.0."""

    def key(node: Node) -> Node:
        literal = node.attr("value")
        if node.op == "constant" and literal.is_splat and literal.item() == 0:
            return node._replace(
                attrs=(("value", Literal(literal.type, bytes(len(literal.data)))),)
            )
        return old(node)

    return key


def _six_digits(old: Callable[..., list[Literal]]) -> Callable[..., list[Literal]]:
    """Folded floats pass through text with six digits."""

    def evaluate(graph: Graph, wanted: list[int]) -> list[Literal]:
        out = []
        for literal in old(graph, wanted):
            t = literal.type
            if t.dtype.is_float and t.size:
                values = np.frombuffer(literal.data, t.dtype.numpy).astype(np.float64)
                text = [float(f"{v:.6g}") for v in values]
                literal = Literal(t, np.array(text).astype(t.dtype.numpy).tobytes())
            out.append(literal)
        return out

    return evaluate


def _folds_with_xor(old: Callable[..., list[Literal]]) -> Callable[..., list[Literal]]:
    """The folder adds i1 as exclusive or, while compiled code has it right."""

    def evaluate(graph: Graph, wanted: list[int]) -> list[Literal]:
        row = {**lower_elementwise.DIRECT["add"], "bool": "ixor"}
        with exchanged(lower_elementwise.DIRECT, "add", lambda _old: row)():
            return old(graph, wanted)

    return evaluate


def _changed_floats(change: Callable[[Any], Any]) -> Callable[..., Callable[..., list[Literal]]]:
    """Folded floats are changed once more."""

    def make(old: Callable[..., list[Literal]]) -> Callable[..., list[Literal]]:
        def evaluate(graph: Graph, wanted: list[int]) -> list[Literal]:
            out = []
            for literal in old(graph, wanted):
                t = literal.type
                if t.dtype.is_float and t.size:
                    values = np.frombuffer(literal.data, t.dtype.numpy)
                    literal = Literal(t, change(values).astype(t.dtype.numpy).tobytes())
                out.append(literal)
            return out

        return evaluate

    return make


def _zero_for_nan(values: Any) -> Any:
    return np.where(np.isnan(values), 0, values)


def _flushed(values: Any) -> Any:
    """Zero, with the sign, for subnormals of f32 and f64."""
    if values.dtype.itemsize < 4:
        return values
    tiny = np.abs(values) < np.finfo(values.dtype).tiny
    return np.where(tiny, np.copysign(0, values), values)


def _column_major(old: Callable[..., list[Literal]]) -> Callable[..., list[Literal]]:
    """Folded matrices come in the order of their columns."""

    def evaluate(graph: Graph, wanted: list[int]) -> list[Literal]:
        out = []
        for literal in old(graph, wanted):
            if literal.type.rank == 2 and not literal.is_splat:
                literal = Literal.of(literal.array().T.reshape(literal.type.shape))
            out.append(literal)
        return out

    return evaluate


def _results_swapped(old: Callable[..., Graph]) -> Callable[..., Graph]:
    """The first two results of one type change places inside a fusion."""

    def body(graph: Graph, group: Any, inputs: Sequence[int], outputs: Sequence[int]) -> Graph:
        order = list(outputs)
        pair = _first_two_swapped([graph.types[v] for v in order])
        if pair:
            a, b = pair
            order[a], order[b] = order[b], order[a]
        return old(graph, group, inputs, order)

    return body


def _first_two_swapped(types: Sequence[TensorType]) -> tuple[int, int] | None:
    """The first two positions with the same type."""
    seen: dict[TensorType, int] = {}
    for k, t in enumerate(types):
        if t in seen:
            return seen[t], k
        seen[t] = k
    return None


def _parameters_swapped(old: Callable[..., Graph]) -> Callable[..., Graph]:
    """Inside a fusion the first two parameters of one type change places."""

    def body(graph: Graph, group: Any, inputs: Sequence[int], outputs: Sequence[int]) -> Graph:
        order = list(inputs)
        pair = _first_two_swapped([graph.types[v] for v in order])
        if pair:
            a, b = pair
            order[a], order[b] = order[b], order[a]
        return old(graph, group, order, outputs)

    return body


def _arguments_swapped(old: Callable[..., Graph]) -> Callable[..., Graph]:
    """A callee's first two parameters of one type change places when it is inlined."""

    def expand(graph: Graph, bodies: dict[str, Graph], trace: Trace) -> Graph:
        swapped = {}
        for name, g in bodies.items():
            pair = _first_two_swapped(g.params)
            if pair:
                a, b = pair
                turn = {a: b, b: a}
                nodes = tuple(
                    n._replace(
                        operands=tuple(turn.get(v, v) for v in n.operands),
                        captures=tuple(turn.get(v, v) for v in n.captures),
                    )
                    for n in g.nodes
                )
                g = replace(g, nodes=nodes, results=tuple(turn.get(v, v) for v in g.results))
            swapped[name] = g
        return old(graph, swapped, trace)

    return expand


def after(change: Callable[[Graph], Graph]) -> Callable[[Pass], Pass]:
    """The pass, with every function changed once more at its end."""

    def make(old: Pass) -> Pass:
        def run(module: Module, trace: Trace) -> Module:
            module = old.run(module, trace)
            for f in module.functions:
                module = module.with_graph(f.name, change(f.graph))
            return module

        return replace(old, run=run)

    return make


def _narrow_results(graph: Graph) -> Graph:
    """Contractions of bf16 operands give bf16, and are converted to f32 afterwards."""
    new = list(range(len(graph.params)))
    nodes: list[Node] = []
    at = len(graph.params)
    for node in graph.nodes:
        moved = node._replace(
            operands=tuple(new[v] for v in node.operands),
            captures=tuple(new[v] for v in node.captures),
        )
        narrowed = (
            node.op == "dot_general"
            and node.type.dtype is F32
            and graph.types[node.operands[0]].dtype is BF16
        )
        if narrowed:
            nodes.append(moved._replace(types=(TensorType(node.type.shape, BF16),)))
            nodes.append(Node("convert", (at,), (), node.types))
            new.append(at + 1)
            at += 2
        else:
            nodes.append(moved)
            new.extend(range(at, at + len(node.types)))
            at += len(node.types)
    return Graph(graph.params, tuple(nodes), tuple(new[v] for v in graph.results))


def _twice_narrow(old: Pass) -> Pass:
    """Elementwise products are narrowed like contractions."""

    def run(module: Module, trace: Trace) -> Module:
        module = old.run(module, trace)
        graph = _narrow_products(module.main.graph)
        return module.with_graph(module.main.name, graph)

    return replace(old, run=run)


def _narrow_products(graph: Graph) -> Graph:
    new = list(range(len(graph.params)))
    nodes: list[Node] = []
    at = len(graph.params)
    for node in graph.nodes:
        operands = tuple(new[v] for v in node.operands)
        if node.op == "multiply" and node.type.dtype is F32:
            narrow = TensorType(node.type.shape, BF16)
            for v in operands:
                nodes += [
                    Node("convert", (v,), (), (narrow,)),
                    Node("convert", (at,), (), node.types),
                ]
                at += 2
            operands = (at - 3, at - 1)
        nodes.append(
            node._replace(operands=operands, captures=tuple(new[v] for v in node.captures))
        )
        new.extend(range(at, at + len(node.types)))
        at += len(node.types)
    return Graph(graph.params, tuple(nodes), tuple(new[v] for v in graph.results))


def _pass_fault(
    name: str,
    kind: str,
    blame: tuple[str, str],
    summary: str,
    install: Install,
    precision: str = "",
    *,
    source: str,
) -> None:
    declare(name, kind, summary, blame=blame, install=install, source=source, precision=precision)


# fmt: off
_pass_fault("cse-ignores-attributes", "stale CSE", ("cse", "cse/*"),
            "ops that differ in an attribute only are merged",
            patched(cse, "_key", _without_attributes),
            source="onnx/optimizer#254: the pass merges expressions that differ")
_pass_fault("cse-unordered-operands", "stale CSE", ("cse", "cse/*"),
            "x - y and y - x are merged",
            patched(cse, "_key", _unordered_operands),
            source="onnx/optimizer#254: the pass merges expressions that differ")
_pass_fault("cse-equal-zeros", "sign of zero", ("cse", "cse/constant"),
            "the constants 0 and -0 are merged",
            patched(cse, "_key", _equal_zeros),
            source="llvm/llvm-project#57357: a fold changed the sign of zero")
_pass_fault("fold-six-digits", "missing rounding", ("fold", "fold/*"),
            "folded floats pass through text with six digits",
            patched(fold, "_evaluate", _six_digits),
            source="llvm/llvm-project#55838: the folder rounds a conversion wrongly")
_pass_fault("fold-boolean-add-is-xor", "wrong algebra", ("fold", "fold/add"),
            "the constant folder adds i1 as exclusive or",
            patched(fold, "_evaluate", _folds_with_xor),
            source="openxla/stablehlo#2630: the folder adds booleans as one-bit integers")
_pass_fault("fuse-swaps-parameters", "operands swapped", ("fuse", "fuse/*"),
            "two parameters of one type change places inside a fusion",
            patched(outline, "_body", _parameters_swapped),
            source="apache/tvm#20421: an operand lost after fusion")
_pass_fault("fold-nan-to-zero", "lost NaN", ("fold", "fold/*"),
            "a folded NaN is 0",
            patched(fold, "_evaluate", _changed_floats(_zero_for_nan)),
            source="openxla/xla#47299: NaN is 0 after constant folding")
_pass_fault("fold-flushes-subnormals", "environment", ("fold", "fold/*"),
            "folded subnormals are 0",
            patched(fold, "_evaluate", _changed_floats(_flushed)),
            source="openxla/xla#22858: denormal-fp-math may flush constants only")
_pass_fault("fold-column-major", "wrong axis", ("fold", "fold/*"),
            "folded matrices come in the order of their columns",
            patched(fold, "_evaluate", _column_major),
            source="openxla/xla#34260: a gather of constants is folded to other rows")
_pass_fault("fuse-swaps-results", "operands swapped", ("fuse", "fuse/*"),
            "two results of one type change places inside a fusion",
            patched(outline, "_body", _results_swapped),
            source="apache/tvm#3867: elements of a tuple lost in fusion")
_pass_fault("inline-swaps-arguments", "operands swapped", ("inline", "inline/*"),
            "two arguments of one type change places when a call is inlined",
            patched(inline, "expand", _arguments_swapped),
            source="Le et al., Equivalence Modulo Inputs, PLDI 2014: wrong code of LLVM, GCC")
_pass_fault("narrow-accumulates-bf16", "low-precision accumulation", ("narrow", "*"),
            "contractions with bf16 operands also give bf16 results",
            exchanged(PASSES, "narrow", after(_narrow_results)), "bf16",
            source="microsoft/onnxruntime#7191: casts moved so that more is f16")
_pass_fault("narrow-products", "missing contract", ("narrow", "*"),
            "elementwise products are narrowed to bf16 without a contract",
            exchanged(PASSES, "narrow", _twice_narrow), "bf16",
            source="microsoft/onnxruntime#7191: casts moved so that more is f16")
# fmt: on
