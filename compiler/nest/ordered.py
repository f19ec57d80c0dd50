"""Scatter and sort in the interpreter: what may run at once does, in the order that is stated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np

from compiler.ir import Array
from compiler.nest.evaluate import evaluate
from compiler.nest.ir import Body, Scatter, Sort


def _elements(body: Body, memory: Sequence[Array], shape: tuple[int, ...]) -> list[Array]:
    """The results of a body at every index of a shape."""
    grid = [np.arange(n).reshape((-1,) + (1,) * (len(shape) - d - 1)) for d, n in enumerate(shape)]
    return [np.broadcast_to(v, shape) for v in evaluate(body, memory, grid)]


def run_scatter(nest: Scatter, memory: list[Array]) -> None:
    """Updates of different elements commute; those of one element run one after another."""
    if prod(nest.domain) == 0:
        return
    values = _elements(nest.body, memory, nest.domain)
    offsets, updates = values[0].reshape(-1), [v.reshape(-1) for v in values[1:]]
    for now in _rounds(offsets):
        places = offsets[now]
        args = [*(memory[out][places] for out in nest.outs), *(u[now] for u in updates)]
        for out, new in zip(nest.outs, evaluate(nest.combine, memory, (), args), strict=True):
            memory[out][places] = new


def _rounds(offsets: Array) -> Iterator[Array]:
    """The numbers of the updates that take place: first updates, second updates, and so on."""
    order = np.argsort(offsets, kind="stable")
    order = order[offsets[order] >= 0]
    places = offsets[order]
    first = np.r_[True, places[1:] != places[:-1]][: places.size]
    start = np.maximum.accumulate(np.where(first, np.arange(places.size), 0))
    turn = np.arange(places.size) - start
    by_turn = np.argsort(turn, kind="stable")
    begin = 0
    for count in np.bincount(turn):
        yield order[by_turn[begin : begin + count]]
        begin += int(count)


def run_sort(nest: Sort, memory: list[Array]) -> None:
    """All lines at once, and all pairs of runs that are merged in one pass."""
    if prod(nest.shape) == 0:
        return
    dim, length = nest.dimension, nest.shape[nest.dimension]
    values = [np.moveaxis(v, dim, -1) for v in _elements(nest.body, memory, nest.shape)]
    shape = values[0].shape
    lines = [np.ascontiguousarray(v).reshape(-1, length) for v in values]
    width = 1
    while width < length:
        lines = _merged(nest.less, memory, lines, width)
        width *= 2
    for out, x in zip(nest.outs, lines, strict=True):
        memory[out][:] = np.moveaxis(x.reshape(shape), -1, dim).reshape(-1)


def _merged(less: Body, memory: Sequence[Array], lines: list[Array], width: int) -> list[Array]:
    """One pass: neighbouring runs of ``width`` become one."""
    count, length = lines[0].shape
    rows = np.arange(count)[:, None]
    start = np.arange(0, length, 2 * width)
    middle, end = np.minimum(start + width, length), np.minimum(start + 2 * width, length)
    left, right = (np.broadcast_to(at, (count, at.size)).copy() for at in (start, middle))
    out = [np.empty_like(x) for x in lines]
    for k in range(min(2 * width, length)):
        n = int(np.count_nonzero(start + k < end))  # all runs, or all but the last
        i, j = left[:, :n], right[:, :n]
        a = [x[rows, np.minimum(i, length - 1)] for x in lines]
        b = [x[rows, np.minimum(j, length - 1)] for x in lines]
        args = [v for pair in zip(b, a, strict=True) for v in pair]
        (before,) = evaluate(less, memory, (), args)
        take = (j < end[:n]) & ((i >= middle[:n]) | before)
        for x, u, v in zip(out, a, b, strict=True):
            x[:, start[:n] + k] = np.where(take, v, u)
        i += ~take
        j += take
    return out
