"""Lowering of scatter and select_and_scatter: the result is a copy that a scatter nest updates."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from compiler.dtypes import I1, I64, UI64
from compiler.ir import Graph, Node, TensorType
from compiler.lower import loops
from compiler.lower.reduce import combine
from compiler.lower.scope import Index, Scope
from compiler.lower.table import lowering
from compiler.nest.ir import Body, Branch, Map, Reduce, Scalars, Scatter

if TYPE_CHECKING:
    from compiler.lower.program import Lowerer

Update = Callable[[Scope, Index], tuple[int, ...]]  # at an index: the offset, then the updates


@lowering("scatter")
def scatter(program: Lowerer, node: Node) -> None:
    """Updates in row-major order; one whose index lies outside of the inputs is skipped."""
    count = len(node.operands) // 2
    inputs, indices, updates = (
        node.operands[:count],
        node.operands[count],
        node.operands[count + 1 :],
    )
    outs = program.results()
    for v, out, t in zip(inputs, outs, node.types, strict=True):
        _fill(program, v, out, t)

    def update(at: Scope, index: Index) -> tuple[int, ...]:
        values = (at.value(v, index) for v in updates)
        converted = (at.convert(v, t.dtype) for v, t in zip(values, node.types, strict=True))
        return _offset(at, node, indices, index), *converted

    domain = program.graph.types[updates[0]].shape
    _append(program, node, node.regions[0], domain, update, outs)


def _append(
    program: Lowerer,
    node: Node,
    region: Graph,
    domain: tuple[int, ...],
    update: Update,
    outs: tuple[int, ...],
) -> None:
    """One nest, or a loop over single updates where the region is no scalar code."""
    if program.is_scalar_code(region):
        at = program.scope()
        body = at.s.body(*update(at, at.loops(domain)))
        program.append(Scatter(node.op, domain, body, combine(program, node, region), outs))
        return
    dtypes = [t.dtype for t in node.types]
    place, inside, *new = loops.scalars(program, (I64, I1, *dtypes))
    old = loops.scalars(program, dtypes)

    def here(at: Scope) -> int:
        return loops.element(at, place, I64)

    with loops.loop(program, prod(domain)) as number:
        at = program.scope()
        offset, *values = update(at, at.index(domain, at.split(number(at), domain)))
        fits = at.compare("ge", offset, at.i64(0))
        body = at.s.body(offset, fits, *values)
        program.append(Map("update", (), body, (place, inside, *new)))
        with program.collected() as nests:
            at = program.scope()
            loads = (
                at.s.emit("load", here(at), dtype=d, imm=out)
                for d, out in zip(dtypes, outs, strict=True)
            )
            program.append(Map("element", (), at.s.body(*loads), old))
            loops.run(program, region, (*old, *new), node.captures, old)
            for value, out in zip(old, outs, strict=True):
                loops.store(program, value, out, here)
        program.append(Branch("inside", inside, (tuple(nests), ())))


def _fill(program: Lowerer, v: int, out: int, t: TensorType) -> None:
    """Write ``v``, converted to the type of the buffer ``out`` and broadcast if it is a scalar."""
    at = program.scope()
    index = at.loops(t.shape)
    own = index if program.graph.types[v].shape == t.shape else Index(at, (), ())
    body = at.s.body(at.convert(at.value(v, own), t.dtype))
    program.append(Map("copy", t.shape, body, (out,)))


def _offset(at: Scope, node: Node, indices: int, index: Index) -> int:
    """Where the update at ``index`` goes: an offset into the inputs, -1 for none.

    The specification's *result_index* is the sum of a full start index, a full batching index and a
    full window index; a dimension that has no start cannot leave the inputs.
    """
    shape = at.graph.types[node.operands[0]].shape
    window = node.attr("update_window_dims")
    vector = node.attr("index_vector_dim")
    place = [i for d, i in enumerate(index.dims) if d not in window]
    dropped = {*node.attr("inserted_window_dims"), *node.attr("input_batching_dims")}
    kept = [d for d in range(len(shape)) if d not in dropped]
    result = [at.i64(0)] * len(shape)
    for d, update_dim in zip(kept, window, strict=True):
        result[d] = index.dims[update_dim]
    for d, b in zip(
        node.attr("input_batching_dims"), node.attr("scatter_indices_batching_dims"), strict=True
    ):
        result[d] = place[b - (b > vector)]
    inside = at.const(True, I1)
    starts = node.attr("scatter_dims_to_operand_dims")
    for k, d in enumerate(starts):
        result[d] = at.add(_start(at, indices, place, vector, k, shape[d]), result[d])
        fits = at.s.emit(
            "cmp",
            at.convert(result[d], UI64),
            at.const(shape[d], UI64),
            dtype=I1,
            imm="lt",
        )
        inside = fits if k == 0 else at.op("iand", inside, fits)
    flat = at.join(result, shape)
    return at.select(inside, flat, at.i64(-1)) if starts else flat


def _start(at: Scope, indices: int, place: list[int], vector: int, k: int, size: int) -> int:
    """Component ``k`` of the index vector at ``place``, as an i64.

    All starts from ``size`` on are as good as ``size``, and those below ``-size`` as that: so what
    does not fit into an i64, now or with a window's index, need not be told apart.
    """
    t = at.graph.types[indices]
    dims = [*place[:vector], at.i64(k), *place[vector:]] if vector < t.rank else place
    start = at.value(indices, at.index(t.shape, dims))
    if t.dtype is UI64:
        start = at.op("umin", start, at.const(size, UI64))
    start = at.convert(start, I64)
    known = at.known(start)
    return start if known is None else at.i64(min(max(known, -size), size))


@lowering("select_and_scatter")
def select_and_scatter(program: Lowerer, node: Node) -> None:
    """A reduce nest selects the offset of one element a window; a scatter nest does the rest."""
    operand, source, init = node.operands
    t = program.graph.types[source]
    offsets = _selected(program, node, operand, t)
    outs = program.results()
    _fill(program, init, outs[0], node.type)

    def update(at: Scope, index: Index) -> tuple[int, ...]:
        offset = at.s.emit("load", index.flat, dtype=I64, imm=offsets)
        return offset, at.convert(at.value(source, index), node.type.dtype)

    _append(program, node, node.regions[1], t.shape, update, outs)


def _selected(program: Lowerer, node: Node, operand: int, windows: TensorType) -> int:
    """A buffer with the offset of the selected element of each window; -1 for a window outside."""
    t = program.graph.types[operand]
    sizes = node.attr("window_dimensions")
    at = program.scope()
    position = at.loops((*windows.shape, *sizes)).dims
    inside, dims = at.const(True, I1), []
    for d, n in enumerate(t.shape):
        start = at.scale(position[d], node.attr("window_strides")[d])
        i = at.shift(at.add(start, position[t.rank + d]), -node.attr("padding")[d][0])
        fits = at.s.emit("cmp", at.convert(i, UI64), at.const(n, UI64), dtype=I1, imm="lt")
        inside = at.op("iand", inside, fits)
        dims.append(at.within(fits, i))
    index = at.index(t.shape, dims)
    offset = at.select(inside, index.flat, at.i64(-1))
    values = tuple(program.temporary(TensorType(windows.shape, d)) for d in (t.dtype, I64))
    program.append(
        Reduce(
            node.op,
            windows.shape,
            sizes,
            at.s.body(at.const(0, t.dtype) if 0 in t.shape else at.value(operand, index), offset),
            _nothing(t),
            _better(combine(program, node, node.regions[0]), t),
            values,
            "sequential",
        )
    )
    return values[1]


def _nothing(t: TensorType) -> Body:
    """Nothing selected yet."""
    s = Scalars()
    return s.body(s.const(0, t.dtype), s.const(-1, I64))


def _better(select: Body, t: TensorType) -> Body:
    """(value, offset) of what is selected so far and of a candidate -> of what is selected."""
    s = Scalars()
    kept, old, candidate, new = (
        s.emit("arg", dtype=dtype, imm=k) for k, dtype in enumerate((t.dtype, I64, t.dtype, I64))
    )
    made: list[int] = []
    for inst in select.insts:
        if inst.op == "arg":
            made.append((kept, candidate)[inst.imm])
        else:
            args = [made[a] for a in inst.args]
            made.append(s.emit(inst.op, *args, dtype=inst.dtype, imm=inst.imm))
    none = s.const(-1, I64)
    first, outside = (s.emit("cmp", v, none, dtype=I1, imm="eq") for v in (old, new))
    stays = s.emit("iand", made[select.results[0]], _not(s, first), dtype=I1)
    stays = s.emit("ior", stays, outside, dtype=I1)
    return s.body(
        s.emit("select", stays, kept, candidate, dtype=t.dtype),
        s.emit("select", stays, old, new, dtype=I64),
    )


def _not(s: Scalars, pred: int) -> int:
    return s.emit("ixor", pred, s.const(True, I1), dtype=I1)
