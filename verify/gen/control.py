"""Proposals for while, case, if, map and optimization_barrier.

Regions are drafts of their own, filled from the ordinary menu. A loop ends: beside everything else
it carries a counter that its body only counts up or down to a limit of a few trips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from compiler.dtypes import ALL, I1, I8, I32, I64, UI8, UI32, DType
from compiler.ir import Attrs, Graph, Node, TensorType
from compiler.regions import tidy_captures
from verify.gen import convert, elementwise
from verify.gen.draft import Draft, Step, tensor, with_bool

LIMIT = 256  # elements of what a loop carries
DEEPEST = 1  # how many regions and calls stand around a proposal
_COUNTERS = (I32, I32, I64, UI32, I32, I8, UI8)
_TRIPS = (1, 2, 3, 0, 4, 2, 3, 5)
_BRANCHES = (2, 1, 3, 4, 2, 3)
_SCALAR_STEPS: tuple[Step, ...] = (*elementwise.GEN.values(), *convert.GEN.values())


def _number(draft: Draft, value: int, dtype: DType) -> int:
    """A scalar constant."""
    return draft.constant(tensor((), dtype), np.array(value).astype(dtype.numpy).tobytes())


def _small(draft: Draft) -> int:
    """A value of few elements."""
    v = draft.subject(ALL)
    t = draft.types[v]
    return v if t.size <= LIMIT else draft.fresh(tensor((draft.below(5),), t.dtype))


def _captured(draft: Draft) -> list[int]:
    """Outer values that regions may use."""
    return [draft.subject(ALL) for _ in range(draft.below(4))]


def _region(draft: Draft, types: Sequence[TensorType]) -> Draft:
    """An empty region with parameters of ``types``."""
    inner = draft.nested(types)
    inner.limit = min(draft.limit, LIMIT)
    return inner


def _fill(inner: Draft, steps: int) -> None:
    menu = inner.menu
    for _ in range(steps):
        if menu:
            menu[inner.below(len(menu))](inner)


def _newest(inner: Draft, t: TensorType) -> int:
    """A value of type ``t``: one of the last three of that type, or any."""
    found = inner.by_type.get(t)
    k = inner.below(4)
    if found and k < 3:
        return found[max(len(found) - 1 - k, 0)]
    return inner.like(t)


def _add(
    draft: Draft,
    op: str,
    operands: Sequence[int],
    types: Sequence[TensorType],
    regions: Sequence[Graph],
    captures: Sequence[int],
    attrs: Attrs = (),
) -> None:
    """Append the op; captures that no region uses are left out."""
    node = Node(op, tuple(operands), attrs, tuple(types), tuple(regions), tuple(captures))
    tidy = tidy_captures(node)
    draft.add_many(op, tidy.operands, attrs, tidy.types, tidy.regions, tidy.captures)


@dataclass(slots=True)
class _Loop:
    """A loop under construction.

    Attributes:
        down: whether the counter goes down to the limit.
        limit: the last value of the counter; ``None`` where it is not known before the loop runs.
        init: what the loop carries.
        counter: which of ``init`` counts.
        bound: which of ``init`` is the limit, which the body hands on; -1 if it is none.
        captures: outer values; the first is the limit if ``outer``.
    """

    down: bool
    limit: int | None
    init: list[int]
    counter: int
    bound: int = -1
    outer: bool = False
    captures: list[int] = field(default_factory=list)


def _plan(draft: Draft, counters: Sequence[DType]) -> _Loop:
    """Choose what is carried and captured, and where the limit stands."""
    below = draft.below
    dtype = counters[below(len(counters))]
    trips, place, kind = _TRIPS[below(len(_TRIPS))], below(4), below(4)
    down = kind == 1
    init = [_small(draft) for _ in range(below(4))]
    at = below(len(init) + 1)
    init.insert(at, _number(draft, trips if down else 0, dtype))
    loop = _Loop(down, 0 if down else trips, init, at)
    if kind == 2:  # known only when it runs, at most five
        ends = _number(draft, 0, dtype), _number(draft, 5, dtype)
        t = tensor((), dtype)
        bound = draft.add("clamp", (ends[0], draft.like(t), ends[1]), (), t)
        loop.limit, place = None, max(place, 2)
    elif place > 1:
        bound = _number(draft, 0 if down else trips, dtype)
    if place == 2:
        loop.bound = len(init)
        init.append(bound)
    elif place == 3:
        loop.outer = True
        loop.captures.append(bound)
    loop.captures += _captured(draft)
    return loop


def _compare(inner: Draft, loop: _Loop, dtype: DType, count: int) -> int:
    """Whether the counter has not reached its limit."""
    if loop.bound >= 0:
        limit = loop.bound
    elif loop.outer:
        limit = count
    else:
        assert loop.limit is not None
        limit = _number(inner, loop.limit, dtype)
    exact = loop.limit is not None and inner.below(3) == 2
    direction = "NE" if exact else "GT" if loop.down else "LT"
    attrs = (("comparison_direction", direction), ("compare_type", ""))
    return inner.add("compare", (loop.counter, limit), attrs, tensor((), I1))


def _cond(draft: Draft, loop: _Loop, types: Sequence[TensorType], dtype: DType) -> Graph:
    inner = _region(draft, types)
    pred = _compare(inner, loop, dtype, len(loop.init))
    if inner.below(6) == 5:  # a loop that may end earlier, for any reason
        _fill(inner, 1 + inner.below(2))
        other = inner.like(tensor((), I1))
        pair = (pred, other) if inner.below(2) else (other, pred)
        pred = inner.add("and", pair, (), tensor((), I1))
    return inner.graph([pred])


def _body(draft: Draft, loop: _Loop, types: Sequence[TensorType], dtype: DType) -> Graph:
    inner = _region(draft, types)
    _fill(inner, 1 + inner.below(4))
    one = _number(inner, 1, dtype)
    op = "subtract" if loop.down else "add"
    following = inner.add(op, (loop.counter, one), (), tensor((), dtype))
    results = []
    for k in range(len(loop.init)):
        if k == loop.counter:
            results.append(following)
        elif k == loop.bound:
            results.append(k)
        else:
            results.append(_turned(inner, _newest(inner, types[k])))
    return inner.graph(results)


def _turned(inner: Draft, v: int) -> int:
    """Now and then ``v`` reversed: a carried value that is read elsewhere than it is written."""
    t = inner.types[v]
    dims = [d for d, n in enumerate(t.shape) if n > 1]
    if not dims or inner.below(4) < 3:
        return v
    dimensions = (("dimensions", (dims[inner.below(len(dims))],)),)
    return inner.add("reverse", (v,), dimensions, t)


def _while(draft: Draft) -> None:
    counters = [d for d in _COUNTERS if d in draft.dtypes]
    if draft.depth > DEEPEST or not counters:
        return
    loop = _plan(draft, counters)
    types = [draft.types[v] for v in (*loop.init, *loop.captures)]
    dtype = types[loop.counter].dtype
    regions = (_cond(draft, loop, types, dtype), _body(draft, loop, types, dtype))
    _add(draft, "while", loop.init, types[: len(loop.init)], regions, loop.captures)


def _index(draft: Draft, branches: int) -> int:
    """The index of a case: known, clamped into the range, a boolean, or anything."""
    below = draft.below
    t = tensor((), I32)
    k = below(5)
    if k == 0:
        return _number(draft, below(branches + 2) - 1, I32)
    if k == 1:
        low, high = _number(draft, 0, I32), _number(draft, branches - 1, I32)
        return draft.add("clamp", (low, draft.like(t), high), (), t)
    if k == 2:
        return draft.add("convert", (draft.like(tensor((), I1)),), (), t)
    return draft.like(t)


def _branches(draft: Draft, captures: Sequence[int], count: int) -> list[Graph]:
    """Branches that return the same types: those of what the first one computes."""
    types = [draft.types[v] for v in captures]
    first = _region(draft, types)
    _fill(first, 1 + first.below(3))
    results = first.results(most=3) or [first.splat(first.new_type(draft.dtypes))]
    made = [first.types[v] for v in results]
    out = [first.graph(results)]
    while len(out) < count:
        if draft.below(8) == 7:
            out.append(out[0])
            continue
        inner = _region(draft, types)
        _fill(inner, inner.below(4))
        out.append(inner.graph([_newest(inner, t) for t in made]))
    return out


def _choose(draft: Draft, op: str, selector: int, count: int) -> None:
    captures = _captured(draft)
    regions = _branches(draft, captures, count)
    _add(draft, op, (selector,), regions[0].result_types, regions, captures)


def _case(draft: Draft) -> None:
    if draft.depth <= DEEPEST and I32 in draft.dtypes:
        count = _BRANCHES[draft.below(len(_BRANCHES))]
        _choose(draft, "case", _index(draft, count), count)


def _if(draft: Draft) -> None:
    if draft.depth <= DEEPEST:
        _choose(draft, "if", draft.like(tensor((), I1)), 2)


def _map(draft: Draft) -> None:
    """A computation of scalars, now and then one that needs more than that."""
    below = draft.below
    if draft.depth > DEEPEST:
        return
    first = _small(draft)
    shape = draft.types[first].shape
    others = [draft.like(tensor(shape, draft.dtype(ALL))) for _ in range(below(3))]
    inputs = [first, *others]
    captures = [draft.subject(ALL)] if below(4) == 3 else []
    scalars = [tensor((), draft.types[v].dtype) for v in inputs]
    inner = _region(draft, [*scalars, *(draft.types[v] for v in captures)])
    for _ in range(1 + below(3)):
        if below(16) == 15:
            _fill(inner, 1)
        else:
            _SCALAR_STEPS[below(len(_SCALAR_STEPS))](inner)
    allowed = with_bool(draft.dtypes)
    rank0 = [v for v, t in enumerate(inner.types) if not t.shape and t.dtype in allowed]
    result = rank0[-1 - below(min(2, len(rank0)))]
    t = tensor(shape, inner.types[result].dtype)
    dimensions = (("dimensions", tuple(range(len(shape)))),)
    _add(draft, "map", inputs, [t], [inner.graph([result])], captures, dimensions)


def _optimization_barrier(draft: Draft) -> None:
    operands = [draft.subject(ALL) for _ in range(1 + draft.below(3))]
    _add(draft, "optimization_barrier", operands, [draft.types[v] for v in operands], (), ())


GEN: dict[str, Step] = {
    "while": _while,
    "case": _case,
    "if": _if,
    "map": _map,
    "optimization_barrier": _optimization_barrier,
}
