"""From a module to a program: buffers for values, nests for nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from compiler.ir import Graph, Literal, Module, Node, TensorType
from compiler.lower.call import flatten, is_fusion
from compiler.lower.scope import Index, Scope, Source, from_buffer, from_literal
from compiler.lower.table import NESTS, UPDATES, lowering_of
from compiler.nest.ir import Buffer, Map, Nest, Program, Reduce
from compiler.prune import live, prune


@dataclass(slots=True)
class Frame:
    """One graph in work: the entry, a fusion, or a region of control flow.

    Attributes:
        graph: free of calls.
        sources: how to read the values that exist already.
        memory: the buffers of those that have one.
        splats: the literals of those that have none.
        outs: buffers that wait for values, by value number.
        node: number of the node in work.
    """

    graph: Graph
    sources: dict[int, Source] = field(default_factory=dict)
    memory: dict[int, int] = field(default_factory=dict)
    splats: dict[int, Literal] = field(default_factory=dict)
    outs: dict[int, int] = field(default_factory=dict)
    node: int = 0

    def share(self, v: int, other: Frame, source: int) -> None:
        """Read value ``v`` where ``source`` of another frame (or of this one) is read."""
        self.sources[v] = other.sources[source]
        if source in other.memory:
            self.memory[v] = other.memory[source]
        else:
            self.splats[v] = other.splats[source]


class Lowerer:
    """Collects the buffers and nests of one program."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.buffers: list[Buffer] = []
        self.nests: list[Nest] = []
        self._fused: dict[str, Graph | None] = {}
        self._constants: dict[Literal, int] = {}
        self._frame = Frame(self._flat_but_fusions(module.main.graph))

    @property
    def graph(self) -> Graph:
        """The graph in work."""
        return self._frame.graph

    # What lowerings of nests use

    def scope(self) -> Scope:
        """An empty body that reads the values that exist already."""
        return Scope(self._frame.graph, self._frame.sources)

    def flat(self, region: Graph) -> Graph:
        """A region without calls."""
        return flatten(self.module, region)

    def is_scalar_code(self, region: Graph) -> bool:
        """Whether a body can be part of another nest: whether no op in it needs one of its own."""
        graph = self.flat(region)
        return not any(
            n.op in NESTS for n, needed in zip(graph.nodes, live(graph), strict=True) if needed
        )

    def captured(self, v: int) -> Source:
        """Value ``v`` of the graph in work, for use in the body of a region."""
        frame = self._frame

        def source(at: Scope, index: Index) -> int:
            return Scope(frame.graph, frame.sources, at.s).value(v, index)

        return source

    def operand(self, v: int, strides: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        """The buffer of ``v`` and its strides; a splat is one element with strides 0."""
        if v in self._frame.memory:
            return self._frame.memory[v], strides
        literal = self._frame.splats[v]
        one = Literal(TensorType((), literal.type.dtype), literal.data)
        return self._constant(one), tuple(0 for _ in strides)

    def buffer(self, v: int) -> int:
        """A buffer that holds the one element of ``v``."""
        return self.operand(v, ())[0]

    def results(self) -> tuple[int, ...]:
        """Buffers for all results of the node in work."""
        frame = self._frame
        first = frame.graph.first[frame.node]
        return tuple(
            frame.outs[first + k] if first + k in frame.outs else self._bind(first + k, t, "temp")
            for k, t in enumerate(frame.graph.nodes[frame.node].types)
        )

    def append(self, nest: Nest) -> None:
        """Add a nest."""
        self.nests.append(nest)

    def reduce(self, node: Node, **parts: Any) -> None:
        """Add a reduce nest whose results are those of the node in work."""
        self.append(Reduce(name=node.op, outs=self.results(), **parts))

    # What lowerings of control flow use

    @contextmanager
    def region(
        self, region: Graph, arguments: Sequence[int], captures: Sequence[int]
    ) -> Iterator[list[Nest]]:
        """Lower a region; inside the ``with`` its graph is the one in work.

        Args:
            region: takes the arguments, then the captures.
            arguments: the buffers that hold its arguments.
            captures: values of the graph in work.

        Returns:
            Its nests; those that are appended inside the ``with`` come last.
        """
        outer = self._frame
        frame = self._frame = Frame(self._flat_but_fusions(region))
        for v, buffer in enumerate(arguments):
            self._place(v, buffer, region.params[v])
        for v, captured in enumerate(captures, start=len(arguments)):
            frame.share(v, outer, captured)
        with self.collected() as nests:
            self._nodes()
            yield nests
        self._frame = outer

    @contextmanager
    def collected(self) -> Iterator[list[Nest]]:
        """A list of the nests that are appended inside the ``with``."""
        outer, self.nests = self.nests, []
        yield self.nests
        self.nests = outer

    def move(self, values: Sequence[int], buffers: Sequence[int]) -> None:
        """Copy values of the graph in work to buffers, all at once: each may be another's source.

        A buffer is written when no other move waits for what it holds. Where the moves that are
        left go round in a circle, one of the buffers is saved first.
        """
        frame = self._frame
        held = {b: frame.memory.get(v) for v, b in zip(values, buffers, strict=True)}
        sources = {b: frame.sources[v] for v, b in zip(values, buffers, strict=True)}
        waiting = [b for b in buffers if held[b] != b]
        while waiting:
            free = [b for b in waiting if all(held[other] != b for other in waiting)]
            for b in free:
                self._write(sources[b], b)
            waiting = [b for b in waiting if b not in free]
            if not free and waiting:
                b = waiting[0]
                t = self.buffers[b].type
                saved = self.temporary(t)
                self.copy(b, saved)
                for other in waiting:
                    if held[other] == b:
                        held[other], sources[other] = saved, from_buffer(saved, t)

    def temporary(self, t: TensorType) -> int:
        """A new buffer."""
        return self._new(t, "temp")

    def copy(self, source: int, buffer: int) -> None:
        """Copy one buffer to another."""
        self._write(from_buffer(source, self.buffers[source].type), buffer)

    def _write(self, source: Source, buffer: int) -> None:
        """Write the elements of a source to a buffer."""
        shape = self.buffers[buffer].type.shape
        at = self.scope()
        self.append(Map("copy", shape, at.s.body(source(at, at.loops(shape))), (buffer,)))

    # Programs

    def program(self) -> Program:
        """The whole program."""
        frame = self._frame
        inputs = []
        for v, t in enumerate(frame.graph.params):
            inputs.append(self._bind(v, t, "input"))
        self._nodes()
        outputs = self._outputs(frame)
        return Program(tuple(self.buffers), tuple(self.nests), tuple(inputs), outputs)

    def _nodes(self) -> None:
        """Lower the nodes of the graph in work that its results need."""
        frame = self._frame
        alive = live(frame.graph)
        for i, node in enumerate(frame.graph.nodes):
            if alive[i]:
                frame.node = i
                self._node(node, frame.graph.first[i])

    def _node(self, node: Node, first: int) -> None:
        frame = self._frame
        if node.op == "constant":
            literal = node.attr("value")
            if literal.is_splat:
                frame.sources[first] = from_literal(literal)
                frame.splats[first] = literal
            else:
                self._place(first, self._constant(literal), literal.type)
        elif node.op == "reshape":  # the same bytes
            frame.share(first, frame, node.operands[0])
        elif node.op == "composite":
            self._fusion(node, first)
        elif node.op in NESTS:
            lowering_of(node.op)(self, node)
        elif node.op not in UPDATES or not UPDATES[node.op](self, node):
            at = self.scope()
            body = at.s.body(at.value(first, at.loops(node.type.shape)))
            self.append(Map(node.op, node.type.shape, body, self.results()))

    def _fusion(self, node: Node, first: int) -> None:
        graph = self._single_nest(node)
        assert graph is not None
        outer = self._frame
        outs = {}
        for k, (v, t) in enumerate(zip(graph.results, node.types, strict=True)):
            outs[v] = self._bind(first + k, t, "temp")
        sources = {k: outer.sources[v] for k, v in enumerate(node.operands)}
        self._frame = inner = Frame(graph, sources, outs=outs)
        for i, n in enumerate(graph.nodes):
            if n.op == "constant" and not n.attr("value").is_splat:
                literal = n.attr("value")
                sources[graph.first[i]] = from_buffer(self._constant(literal), literal.type)
        roots = [i for i, n in enumerate(graph.nodes) if n.op in NESTS]
        if roots:
            inner.node = roots[0]
            root = graph.nodes[roots[0]]
            lowering_of(root.op)(self, root)
        else:
            shape = node.type.shape
            at = self.scope()
            index = at.loops(shape)
            body = at.s.body(*(at.value(v, index) for v in graph.results))
            self.append(Map("fusion", shape, body, tuple(outs[v] for v in graph.results)))
        self._frame = outer

    def _flat_but_fusions(self, graph: Graph) -> Graph:
        """The graph without calls, but with the fusions that can be one nest."""
        return flatten(self.module, graph, lambda n: self._single_nest(n) is not None)

    def _single_nest(self, node: Node) -> Graph | None:
        """The flat body of a fusion that can be one nest; ``None`` for all other composites."""
        if not is_fusion(node):
            return None
        name = node.attr("decomposition")
        if name not in self._fused:
            graph = flatten(self.module, self.module.by_name[name].graph)
            regions = [r for n in graph.nodes for r in n.regions]
            fits = _one_nest(graph) and all(map(self.is_scalar_code, regions))
            self._fused[name] = prune(graph) if fits else None
        return self._fused[name]

    # Buffers

    def _new(self, t: TensorType, role: str, data: bytes = b"") -> int:
        self.buffers.append(Buffer(t, role, data))
        return len(self.buffers) - 1

    def _constant(self, literal: Literal) -> int:
        if literal not in self._constants:
            self._constants[literal] = self._new(literal.type, "const", literal.data)
        return self._constants[literal]

    def _place(self, v: int, buffer: int, t: TensorType) -> None:
        self._frame.memory[v] = buffer
        self._frame.sources[v] = from_buffer(buffer, t)

    def _bind(self, v: int, t: TensorType, role: str) -> int:
        buffer = self._new(t, role)
        self._place(v, buffer, t)
        return buffer

    def _outputs(self, frame: Frame) -> tuple[int, ...]:
        """Turn temporaries into outputs; anything else, and a second use, is copied."""
        outputs: list[int] = []
        for v in frame.graph.results:
            t = frame.graph.types[v]
            buffer = frame.memory.get(v)
            if buffer is not None and self.buffers[buffer].role == "temp":
                self.buffers[buffer] = Buffer(t, "output")
                outputs.append(buffer)
                continue
            outputs.append(self._new(t, "output"))
            self._write(frame.sources[v], outputs[-1])
        return tuple(outputs)


def _one_nest(graph: Graph) -> bool:
    """Whether a flat graph can be one nest: results of one shape, or one reduce at the root."""
    alive = live(graph)
    roots = [i for i, n in enumerate(graph.nodes) if alive[i] and n.op in NESTS]
    if not graph.results or len(set(graph.results)) != len(graph.results):
        return False
    if not roots:
        shapes = {graph.types[v].shape for v in graph.results}
        return len(shapes) == 1
    if len(roots) > 1 or graph.nodes[roots[0]].op != "reduce":
        return False
    first = graph.first[roots[0]]
    own: Sequence[int] = range(first, first + len(graph.nodes[roots[0]].types))
    return sorted(graph.results) == sorted(own)
