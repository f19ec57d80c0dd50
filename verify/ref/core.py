"""The column ``REF`` and the loop that walks a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from compiler.errors import InputError, InternalError, UnsupportedError
from compiler.ir import Array, Graph, Module, Node, TensorType

Outputs: TypeAlias = "Array | tuple[Array, ...]"


TRIPS = 1 << 14  # of all loops of one evaluation: a loop without end must not take one


class EndlessError(UnsupportedError):
    """Loops that take more than :data:`TRIPS` trips."""


class Context:
    """One evaluation: finds callees, runs nested graphs, counts trips of loops."""

    __slots__ = ("module", "trips")

    def __init__(self, module: Module | None = None) -> None:
        self.module = module
        self.trips = 0

    def trip(self) -> None:
        """Count one trip of a loop; EndlessError where there are too many."""
        self.trips += 1
        if self.trips > TRIPS:
            raise EndlessError(
                f"while: not done after {TRIPS} trips, where the reference gives up",
                hint="let the loop end, or end earlier",
            )

    def callee(self, name: str) -> Graph:
        """The body of function ``name`` of the module."""
        if self.module is None or name not in self.module.by_name:
            raise InternalError(f"call of unknown function @{name}")
        return self.module.by_name[name].graph

    def run(self, graph: Graph, args: Sequence[Array], *, check: bool = True) -> list[Array]:
        """All values of ``graph``, by number.

        With ``check`` every result must have the declared shape and dtype. Without it the graph is
        evaluated for many elements at once: its scalars are arrays of one common shape (bodies of
        ``reduce``).
        """
        values = list(args)
        for node in graph.nodes:
            out = meaning(node.op)(self, node, [values[v] for v in node.uses])
            if type(out) is tuple:
                values.extend(map(np.asarray, out))
            else:
                values.append(np.asarray(out))
            if check:
                _check(node, values)
        return values


Function: TypeAlias = Callable[[Context, Node, Sequence[Array]], "Outputs"]
REF: dict[str, Function] = {}


def meaning(op: str) -> Function:
    """The entry of ``op``; UnsupportedError where there is none."""
    found = REF.get(op)
    if found is None:
        raise UnsupportedError(f"unsupported op {op} in the reference interpreter")
    return found


def define(*names: str) -> Callable[[Function], Function]:
    """Enter the decorated function under each of ``names``; it takes (context, node, operands then
    captures).
    """

    def enter(fn: Function) -> Function:
        for name in names:
            assert name not in REF, name
            REF[name] = fn
        return fn

    return enter


def _check(node: Node, values: Sequence[Array]) -> None:
    """Every result has its declared type; anything else is a fault of the interpreter."""
    for t, x in zip(node.types, values[len(values) - len(node.types) :], strict=True):
        if x.shape != t.shape or x.dtype != t.dtype.numpy:
            raise InternalError(
                f"reference {node.op}: made {x.dtype}{list(x.shape)} instead of {t}"
            )


def check_inputs(types: Sequence[TensorType], inputs: Sequence[Array]) -> list[Array]:
    """The inputs as arrays; InputError where number, shape or dtype do not fit."""
    if len(inputs) != len(types):
        raise InputError(f"the program takes {len(types)} inputs, not {len(inputs)}")
    arrays = [np.asarray(x) for x in inputs]
    for i, (t, x) in enumerate(zip(types, arrays, strict=True)):
        if x.shape != t.shape or x.dtype != t.dtype.numpy:
            raise InputError(f"input {i} is {x.dtype}{list(x.shape)}, the program takes {t}")
    return arrays


def evaluate(module: Module, inputs: Sequence[Array]) -> tuple[Array, ...]:
    """The results of the entry function of ``module`` on ``inputs``.

    The specification leaves the order of sums open: here all of them, those of ``dot_general`` and
    of reductions alike, go from the init value on in row-major order and are rounded after each
    step, as in StableHLO's own interpreter, whose test data hold sums that cancel. Transcendental
    functions are taken in higher precision and rounded once. Everything else is exactly what the
    specification says. Raises InputError for inputs of a wrong number, shape or dtype.
    """
    return evaluate_graph(module, module.main.graph, inputs)


def evaluate_graph(
    module: Module | None, graph: Graph, inputs: Sequence[Array]
) -> tuple[Array, ...]:
    """As :func:`evaluate` for one graph, whose callees (if any) are functions of ``module``."""
    arrays = check_inputs(graph.params, inputs)
    with np.errstate(all="ignore"):
        values = Context(module).run(graph, arrays)
    return tuple(values[v] for v in graph.results)
