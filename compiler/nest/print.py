"""Nest programs as text, for ``assay compile --emit nests``. One way only: nothing parses it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from compiler.nest.ir import (
    Body,
    Branch,
    Buffer,
    Dot,
    Inst,
    Map,
    Nest,
    Program,
    Reduce,
    Scatter,
    Sort,
    While,
)


def print_program(program: Program) -> str:
    """All buffers and nests; body instructions one a line."""
    lines = [_buffer(n, b, program) for n, b in enumerate(program.buffers)]
    for nest in program.nests:
        lines += ["", *_nest(nest)]
    return "\n".join(lines) + "\n"


def _buffer(number: int, buffer: Buffer, program: Program) -> str:
    place = ""
    if buffer.role == "input":
        place = f" {program.inputs.index(number)}"
    elif number in program.outputs:
        place = f" {program.outputs.index(number)}"
    return f"buffer b{number}: {buffer.type} {buffer.role}{place}{_data(buffer)}"


def _data(buffer: Buffer) -> str:
    if buffer.role != "const":
        return ""
    values = np.frombuffer(buffer.data, buffer.type.dtype.numpy)
    shown = ", ".join(str(v) for v in values[:8])
    return f" = [{shown}{', ...' if values.size > 8 else ''}]"


def _nest(nest: Nest) -> Iterator[str]:
    if isinstance(nest, While):
        yield f"while {nest.name} b{nest.pred}"
        yield from _block("cond", nest.cond)
        yield from _block("body", nest.body)
        return
    if isinstance(nest, Branch):
        yield f"branch {nest.name} b{nest.index}"
        for k, nests in enumerate(nest.branches):
            yield from _block(f"branch {k}", nests)
        return
    if isinstance(nest, Dot):
        yield (
            f"dot {nest.name}: b{nest.out}[b, m, n] = sum over k of "
            f"b{nest.lhs}[b, m, k] * b{nest.rhs}[b, k, n] in {nest.acc}"
        )
        sizes = (("b", nest.batch), ("m", nest.m), ("n", nest.n), ("k", nest.k))
        yield "  " + ", ".join(f"{name} = {_sizes(size)}" for name, size in sizes)
        yield f"  strides {_sizes(nest.lhs_strides)} and {_sizes(nest.rhs_strides)}"
        return
    outs = ", ".join(f"b{n}" for n in nest.outs)
    if isinstance(nest, Map):
        yield f"map {nest.name} over {_sizes(nest.domain)} -> {outs}"
        yield from _body(nest.body)
        return
    if isinstance(nest, Scatter):
        yield f"scatter {nest.name} over {_sizes(nest.domain)} -> {outs}"
        yield from _bodies(("offset, updates", nest.body), ("combine", nest.combine))
        return
    if isinstance(nest, Sort):
        yield f"sort {nest.name} of {_sizes(nest.shape)} along {nest.dimension} -> {outs}"
        yield from _bodies(("elements", nest.body), ("less", nest.less))
        return
    yield from _reduce(nest, outs)


def _block(title: str, nests: Iterable[Nest]) -> Iterator[str]:
    yield f" {title}"
    for nest in nests:
        for line in _nest(nest):
            yield f"  {line}"


def _reduce(nest: Reduce, outs: str) -> Iterator[str]:
    head = f"reduce {nest.name} over {_sizes(nest.domain)}, folding {_sizes(nest.reduced)}"
    yield f"{head} in {nest.order} order -> {outs}"
    yield from _bodies(("init", nest.inits), ("element", nest.body), ("combine", nest.combine))


def _bodies(*titled: tuple[str, Body]) -> Iterator[str]:
    for title, body in titled:
        yield f" {title}"
        yield from _body(body)


def _body(body: Body) -> Iterator[str]:
    for n, inst in enumerate(body.insts):
        yield f"  %{n} = {_inst(inst)}"
    yield "  -> " + ", ".join(f"%{r}" for r in body.results)


def _inst(inst: Inst) -> str:
    words = [inst.op]
    if inst.op == "const":
        words.append(str(np.frombuffer(inst.imm, inst.dtype.numpy)[0]))
    elif inst.imm is not None:
        words.append(f"b{inst.imm}" if inst.op == "load" else str(inst.imm))
    words.append(", ".join(f"%{a}" for a in inst.args))
    return f"{' '.join(w for w in words if w)} : {inst.dtype}"


def _sizes(sizes: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, sizes))}]"
