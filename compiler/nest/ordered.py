"""Scatter and sort in the interpreter: what may run at once does, in the order that is stated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from compiler.ir import Array
from compiler.nest.evaluate import Ready, evaluate
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
    combine = Ready(nest.combine)
    for now in _rounds(offsets):
        places = offsets[now]
        args = [*(memory[out][places] for out in nest.outs), *(u[now] for u in updates)]
        for out, new in zip(nest.outs, combine(memory, args), strict=True):
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
    less, width = Ready(nest.less), 1
    while width < length:
        lines = _merged(less, memory, lines, width)
        width *= 2
    for out, x in zip(nest.outs, lines, strict=True):
        memory[out][:] = np.moveaxis(x.reshape(shape), -1, dim).reshape(-1)


Before = Callable[[Array, Array], Array]  # of (right, left) places in the lines


def _merged(less: Ready, memory: Sequence[Array], lines: list[Array], width: int) -> list[Array]:
    """One pass: neighbouring runs of ``width`` become one."""
    count, length = lines[0].shape
    rows = np.arange(count)[:, None]

    def before(right: Array, left: Array) -> Array:
        args = [x[rows, at] for x in lines for at in (right, left)]
        return np.broadcast_to(less(memory, args)[0], right.shape)

    start = np.arange(length) // (2 * width) * (2 * width)
    middle, end = np.minimum(start + width, length), np.minimum(start + 2 * width, length)
    runs = _Runs(start, middle, end)
    order = _searched(before, runs, count)
    if order is None:
        order = _stepped(before, runs, count)
    return [x[rows, order] for x in lines]


class _Runs(NamedTuple):
    """For each place of a line: where its left run starts, and its right one starts and ends."""

    start: Array
    middle: Array
    end: Array


def _searched(before: Before, runs: _Runs, count: int) -> Array | None:
    """Which elements stand where after merging, found by binary search: right if ``before`` orders
    the elements. Then every answer that merging would ask for is looked at: if one is another than
    was taken for granted, the result is ``None``.
    """
    start, middle, end = runs
    place = np.arange(start.size)
    own = place[place < middle]
    low = np.tile(middle[own], (count, 1))
    high = np.tile(end[own], (count, 1))
    left = np.tile(own, (count, 1))
    while (waiting := low < high).any():
        probe = np.where(waiting, (low + high) // 2, 0)
        less = before(probe, left)
        low = np.where(waiting & less, probe + 1, low)
        high = np.where(waiting & ~less, probe, high)
    from_right = np.ones((count, start.size), bool)
    np.put_along_axis(from_right, own + low - middle[own], False, axis=-1)
    taken = np.cumsum(from_right, axis=-1) - from_right
    j = middle + taken - taken[:, start]
    i = place - (j - middle)
    answer = before(np.minimum(j, start.size - 1), np.clip(i, 0, start.size - 1))
    wanted = (j < end) & ((i >= middle) | answer)
    return np.where(from_right, j, i) if np.array_equal(wanted, from_right) else None


def _stepped(before: Before, runs: _Runs, count: int) -> Array:
    """The same, one comparison after another in each pair of runs."""
    start = np.unique(runs.start)
    length = runs.start.size
    i, j = np.tile(start, (count, 1)), np.tile(runs.middle[start], (count, 1))
    middle, end = runs.middle[start], runs.end[start]
    order = np.empty((count, length), np.int64)
    for k in range(int((end - start).max())):
        n = int(np.count_nonzero(start + k < end))  # all pairs, or all but the last
        left, right = i[:, :n], j[:, :n]
        answer = before(np.minimum(right, length - 1), np.minimum(left, length - 1))
        take = (right < end[:n]) & ((left >= middle[:n]) | answer)
        order[:, start[:n] + k] = np.where(take, right, left)
        left += ~take
        right += take
    return order
