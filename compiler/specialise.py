"""From a module whose dimensions are partly unknown to a static one.

In a module that was read with ``parse(text, dynamic=True)`` an unknown dimension is -1. Once the
shapes of the entry's parameters are fixed, those of all other values follow from the type rules;
the ops whose operands hold shapes become static ones, as these operands can be computed without
inputs. Functions are specialised for each list of argument types that they are called with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, repeat

import numpy as np

from compiler.build import Builder, infer
from compiler.check import verify_module
from compiler.errors import ConstraintError, InputError, Loc, UnsupportedError, VerifyError
from compiler.expand import EXPANSIONS, Emit, Value
from compiler.ir import UNKNOWN, Array, Function, Graph, Module, Node, TensorType
from compiler.known import Known
from compiler.open_calls import OPEN_CALLS
from compiler.ops import OPS, Sig
from compiler.ops.table import Types
from compiler.prune import prune, renumber

STATED = ("convert", "bitcast_convert")  # types that no operand decides, of shapes that one does
Given = dict[int, Array]


def specialise(
    module: Module,
    shapes: Mapping[int, tuple[int, ...]],
    values: Mapping[int, Array | int] | None = None,
) -> Module:
    """The verified static module for parameters of these ``shapes``.

    Args:
        module: read with ``parse(text, dynamic=True)``.
        shapes: by number of the entry's parameter; only those with unknown dimensions are needed.
        values: of integer parameters that shapes depend on. The result holds for these only.

    Raises:
        InputError: a shape does not fit its parameter, or the program asserts that it is another.
        UnsupportedError: the shape of a parameter, or of an op, by name and place, stays unknown.
        VerifyError: with these shapes the program breaks a constraint of the specification.
    """
    main = module.main
    for k in {*shapes, *(values or {})}:
        if not 0 <= k < len(main.graph.params):
            raise InputError(f"arg{k}: the program takes {len(main.graph.params)} inputs")
    params = tuple(_fixed(k, t, shapes.get(k)) for k, t in enumerate(main.graph.params))
    given = {k: _pinned(k, params[k], x) for k, x in (values or {}).items()}
    loose = [
        k for k, t in enumerate(params) if k not in given and t.dtype.is_integer and not t.rank
    ]
    hint = f"--value arg{loose[0]}=N fixes an integer parameter" if loose else ""
    work = _Specialiser(module, hint)
    graph, _ = work.graph(main.graph, params, given)
    done = Module((replace(main, graph=graph), *work.made), module.name)
    verify_module(done)
    return done


def _fixed(k: int, t: TensorType, shape: tuple[int, ...] | None) -> TensorType:
    if shape is None:
        if not _known(t):
            wanted = "x".join("N" if n == UNKNOWN else str(n) for n in t.shape)
            raise UnsupportedError(
                f"unsupported type {t} of arg{k}: dynamic shape",
                hint=f"fix it with --shape arg{k}={wanted}",
            )
        return t
    fits = len(shape) == t.rank
    if not fits or any(m not in (n, UNKNOWN) for m, n in zip(t.shape, shape, strict=True)):
        wanted = "x".join(map(str, shape))
        raise InputError(f"arg{k} has type {t}, which {wanted} does not fit")
    return TensorType(shape, t.dtype)


def _pinned(k: int, t: TensorType, x: Array | int) -> Array:
    """The value of a parameter."""
    array = np.asarray(x).astype(t.dtype.numpy)
    if t.dtype.is_float or array.shape != t.shape or not np.array_equal(array, x):
        raise InputError(f"arg{k} has type {t}, which the value {x} does not fit")
    return array


def _known(t: TensorType) -> bool:
    return UNKNOWN not in t.shape


class _Specialiser:
    """One module in work.

    Attributes:
        made: the functions of the result but the entry.
        hint: how more could be known.
    """

    def __init__(self, module: Module, hint: str) -> None:
        self.module = module
        self.hint = hint
        self.made: list[Function] = []
        self._calls: dict[object, tuple[str, Given]] = {}

    def graph(self, graph: Graph, params: Types, given: Given) -> tuple[Graph, Given]:
        """A graph for parameters of these types, of which some are ``given``; which of its results
        are known, and what they are.
        """
        walk = _Walk(self, graph, params, given)
        for i, node in enumerate(graph.nodes):
            walk.node(node, graph.loc(i))
        done = walk.finished(graph.results)
        known = {k: x for k, v in enumerate(graph.results) if (x := walk.value(v)) is not None}
        return done, known

    def function(self, name: str, params: Types, given: Given) -> tuple[str, Given]:
        """The name of function ``name`` for these parameters; its known results."""
        key = (name, params, tuple((k, x.tobytes()) for k, x in sorted(given.items())))
        if key not in self._calls:
            graph, known = self.graph(self.callee(name), params, given)
            self._calls[key] = self._add(name, graph), known
        return self._calls[key]

    def callee(self, name: str) -> Graph:
        """The body of a function as it was read."""
        if name not in self.module.by_name:
            raise VerifyError(f"call: there is no function @{name}")
        return self.module.by_name[name].graph

    def _add(self, name: str, graph: Graph) -> str:
        """The name of a function with this graph; a new one if there is none of that name yet."""
        taken = {f.name: f.graph for f in self.made}
        new, count = name, 0
        while new in taken or new == self.module.main.name:
            if taken.get(new) == graph:
                return new
            count += 1
            new = f"{name}_{count}"
        self.made.append(Function(new, graph, private=True))
        return new

    def types(self, name: str) -> tuple[Types, Types] | None:
        """Parameters and results of a function that was made."""
        found = next((f.graph for f in self.made if f.name == name), None)
        return None if found is None else (found.params, found.result_types)


class _Walk:
    """One graph in work."""

    def __init__(self, owner: _Specialiser, graph: Graph, params: Types, given: Given) -> None:
        self.owner = owner
        self.builder = Builder(params, owner.types)
        self.known = Known(self.builder, given, owner.made)
        self.new = list(range(len(params)))  # for each old value the new one

    def value(self, v: int) -> Array | None:
        """The elements of old value ``v``, if no input decides them."""
        return self.known.value(self.new[v])

    def finished(self, results: Sequence[int]) -> Graph:
        """The new graph, without what only shapes needed."""
        return prune(self.builder.graph([self.new[v] for v in results]))

    def node(self, node: Node, loc: Loc | None) -> None:
        """Add the static form of ``node``."""
        try:
            self.new += self._node(renumber(node, self.new), loc)
        except (InputError, VerifyError) as e:
            raise type(e)(e.message, where=e.where or loc, hint=e.hint) from None
        except UnsupportedError as e:
            hint = e.hint or self.owner.hint
            raise UnsupportedError(e.message, where=e.where or loc, hint=hint) from None

    def _node(self, node: Node, loc: Loc | None) -> list[int]:
        if node.op in OPEN_CALLS:
            return self._open_call(node, loc)
        if node.op in ("call", "composite"):
            return self._call(node, loc)
        if OPS[node.op].family == "dynamic" and node.op not in ("real", "imag"):
            emit = Emit(self.builder, loc, self.known)
            made = EXPANSIONS[node.op](emit, node, [emit.value(v) for v in node.operands])
            assert isinstance(made, Value)
            return [made.id]
        regions = [self._region(node, k) for k in range(len(node.regions))]
        return self._added(node._replace(regions=tuple(regions)), loc)

    def _added(self, node: Node, loc: Loc | None) -> list[int]:
        """Append a node whose result types may be open."""
        operands = [self.builder.types[v] for v in node.operands]
        types = _filled(node, operands, self.owner)
        infer(
            node.op,
            operands,
            dict(node.attrs),
            regions=node.regions,
            results=types,
            callee=self.owner.types,
            loc=loc,
            captures=len(node.captures),
        )
        first = self.builder.add(node._replace(types=types), loc)
        return list(range(first, first + len(types)))

    def _open_call(self, node: Node, loc: Loc | None) -> list[int]:
        """A custom call that says what no op can say of unknown dimensions."""
        bodies = []
        for name in node.attr("called_computations", ()):
            graph = self.owner.callee(name.name)
            bodies.append(self.owner.graph(graph, graph.params, {})[0])
        emit = Emit(self.builder, loc, self.known)
        made = OPEN_CALLS[node.op](emit, node, [emit.value(v) for v in node.operands], bodies)
        return [x.id for x in made]

    def _call(self, node: Node, loc: Loc | None) -> list[int]:
        attr = "callee" if node.op == "call" else "decomposition"
        params = tuple(self.builder.types[v] for v in node.operands)
        given = self._given(node.operands)
        name, results = self.owner.function(node.attr(attr), params, given)
        attrs = tuple((k, name if k == attr else x) for k, x in node.attrs)
        found = self.owner.types(name)
        assert found is not None
        values = self._added(node._replace(attrs=attrs, types=found[1]), loc)
        self.known.given |= {values[k]: x for k, x in results.items()}
        return values

    def _given(self, values: Sequence[int]) -> Given:
        """Those of ``values`` that are known, by position."""
        return {k: x for k, v in enumerate(values) if (x := self.known.value(v)) is not None}

    def _region(self, node: Node, k: int) -> Graph:
        """Region ``k``: a loop carries the operands' types, other block arguments are stated."""
        region = node.regions[k]
        count = len(region.params) - len(node.captures)
        own = region.params[:count]
        if node.op == "while":
            own = tuple(self.builder.types[v] for v in node.operands)
        captures = tuple(self.builder.types[v] for v in node.captures)
        given = {count + i: x for i, x in self._given(node.captures).items()}
        graph, _ = self.owner.graph(region, (*own, *captures), given)
        return graph


def _filled(node: Node, operands: Sequence[TensorType], owner: _Specialiser) -> Types:
    """The node's result types with nothing unknown: inferred, with the stated element types."""
    if all(map(_known, node.types)):
        return node.types
    found = tuple(operands[:1]) if node.op in STATED else ()
    if not found:
        attrs, captures = dict(node.attrs), len(node.captures)
        sig = Sig(tuple(operands), attrs, node.regions, None, owner.types, captures)
        try:
            found = OPS[node.op].rule(sig)
        except ConstraintError as e:
            raise VerifyError(f"{node.op}: {e}") from None
    out = []
    for have, t in zip(found, node.types, strict=True):
        own = chain(have.shape, repeat(UNKNOWN))
        shape = tuple(m if n == UNKNOWN else n for n, m in zip(t.shape, own, strict=False))
        if UNKNOWN in shape:
            raise VerifyError(f"{node.op}: result type is {have}, not {t}")
        out.append(TensorType(shape, t.dtype))
    return tuple(out)
