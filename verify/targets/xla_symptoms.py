"""How XLA:CPU's known defects show in a crash or an output of a wrong type: the predicates of its
profile. Each takes the program and the note of the failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from compiler.ir import Graph, Module, Node
from verify.ref.chlo import broadcast_form
from verify.walk import graphs, nodes, ops


def folder_divides_by_zero(module: Module, note: str) -> bool:
    """On x86 only integer division raises SIGFPE; the folder is the only one that does not guard
    it, and it runs while the program is compiled.
    """
    divides = any(
        broadcast_form(n.op) in ("divide", "remainder") and n.type.dtype.is_integer
        for n in nodes(module)
    )
    return divides and "SIGFPE" in note and "in compile_text" in note


def slices_concatenation(module: Module, note: str) -> bool:
    """A slice of a concatenation that takes none of its operands: a vector of -1 operands."""
    return "SmallVector unable to grow" in note and {"slice", "concatenate"} <= ops(module)


def returns_constant(module: Module, note: str) -> bool:
    """A reduction whose body holds or captures what it may return whatever it is given."""
    open_bodies = (
        n.captures or any(b.op == "constant" for r in n.regions for b in r.nodes)
        for n in nodes(module)
        if n.op == "reduce"
    )
    return "[] instead of" in note and any(open_bodies)


def fuses_mulhi(module: Module, note: str) -> bool:
    """The emitter of fusions does not know the op."""
    return "Unsupported elementwise operation" in note and "chlo.mulhi" in ops(module)


def broadcasts_nothing(module: Module, note: str) -> bool:
    """An output without elements, of another shape without elements."""
    shapes = re.fullmatch(r"\w+\[(.*)\] instead of tensor<(.*)x\w+>", note)
    empty = shapes is not None and "0" in shapes[1].split(", ") and "0" in shapes[2].split("x")
    return empty and bool({"broadcast_in_dim", "dynamic_broadcast_in_dim"} & ops(module))


def selects_in_scalar(module: Module, note: str) -> bool:
    """Both regions of a select_and_scatter of a scalar become one parameter."""
    scalars = (n.op == "select_and_scatter" and n.type.rank == 0 for n in nodes(module))
    return "SelectAndScatterExpander" in note and any(scalars)


def scatters_wider(module: Module, note: str) -> bool:
    """A scatter whose body takes a wider type than the inputs have."""
    marks = (
        *("accumulator shape at index", "instead of tensor", "ShapeUtil::Compatible"),
        *("ratio of bit-widths", "must have the same shape: got", "must match argument; got"),
    )
    return any(mark in note for mark in marks) and _any(module, _is_wider)


def scatters_into_scalar(module: Module, note: str) -> bool:
    """Updates of a scalar, more than one."""
    scalars = (n.op == "scatter" and n.type.rank == 0 for n in nodes(module))
    return "ShapeUtil::Compatible" in note and any(scalars)


def reverses_map(module: Module, note: str) -> bool:
    """A reversed map; a scatter without indices is one."""
    held = ops(module)
    maps = "reverse" in held and bool({"map", "scatter"} & held)
    return maps and "Invalid binary instruction opcode map" in note


def updates_before_start(module: Module, note: str) -> bool:
    """A death by an update that is written outside of its buffer."""
    return _dies_of_memory(note) and _any(module, _bound_wraps)


def scatters_into_one(module: Module, note: str) -> bool:
    """A death by a scatter into inputs that are, or may become, one value."""
    return _dies_of_memory(note) and _any(module, _may_share)


def spoils_memory(module: Module) -> bool:
    """Whether running ``module`` may spoil the memory of the process: it may then die later, or
    compute something wrong, in the next program.
    """
    return _any(module, _bound_wraps) or _any(module, _may_share)


def _dies_of_memory(note: str) -> bool:
    return re.search("the process died: SIG(ABRT|BUS|SEGV)", note) is not None


def _any(module: Module, test: Callable[[Graph, Node], bool]) -> bool:
    return any(test(graph, node) for graph in graphs(module) for node in graph.nodes)


def _is_wider(graph: Graph, node: Node) -> bool:
    pairs = zip(node.operands, node.types, strict=False)
    return node.op == "scatter" and any(graph.types[k].dtype is not t.dtype for k, t in pairs)


def _bound_wraps(graph: Graph, node: Node) -> bool:
    """An update whose last legal start does not fit in the type of the starts."""
    if node.op != "dynamic_update_slice" or len(node.operands) == 2:
        return False
    whole, part, start, *_ = (graph.types[k] for k in node.operands)
    last = max(have - size for have, size in zip(whole.shape, part.shape, strict=True))
    return last > np.iinfo(start.dtype.numpy).max


def _may_share(graph: Graph, node: Node) -> bool:
    """A scatter with two inputs of one type: equal constants become one value."""
    inputs = [graph.types[k] for k in node.operands[: len(node.types)]]
    return node.op == "scatter" and len(set(inputs)) < len(inputs)
