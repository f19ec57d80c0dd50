"""Integer arithmetic over symbolic dimensions, attributes and indices: Python ints stay Python
ints.

Every function takes Python numbers and Z3 terms alike and folds what it can, so that instances with
concrete ranks and axes give small formulas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import z3

Int: TypeAlias = Any  # int | z3.ArithRef; z3 has no stubs
Bool: TypeAlias = Any  # bool | z3.BoolRef


def land(*conditions: Bool) -> Bool:
    """Conjunction."""
    rest = [c for c in conditions if not _is(c, True)]
    if any(_is(c, False) for c in rest):
        return False
    return True if not rest else rest[0] if len(rest) == 1 else z3.And(*rest)


def lor(*conditions: Bool) -> Bool:
    """Disjunction."""
    rest = [c for c in conditions if not _is(c, False)]
    if any(_is(c, True) for c in rest):
        return True
    return False if not rest else rest[0] if len(rest) == 1 else z3.Or(*rest)


def lnot(condition: Bool) -> Bool:
    """Negation."""
    return not condition if isinstance(condition, bool) else z3.Not(condition)


def _is(condition: Bool, value: bool) -> bool:
    if isinstance(condition, bool):
        return condition is value
    return bool(z3.is_true(condition) if value else z3.is_false(condition))


def ite(condition: Bool, a: Any, b: Any) -> Any:
    """``a`` where ``condition`` holds, else ``b``."""
    if isinstance(condition, bool):
        return a if condition else b
    if a is b or (isinstance(a, int) and isinstance(b, int) and a == b):
        return a
    return z3.If(condition, a, b)


def same(a: Int, b: Int) -> bool:
    """Whether two terms are the same by their text; ``False`` decides nothing."""
    if isinstance(a, int) or isinstance(b, int):
        return isinstance(a, int) and isinstance(b, int) and a == b
    return bool(a.eq(b))


def equal(a: Int, b: Int) -> Bool:
    """``a == b``, decided where the texts decide it."""
    return True if same(a, b) else a == b


def all_equal(a: Sequence[Int], b: Sequence[Int]) -> Bool:
    """Equal length and equal entries."""
    return len(a) == len(b) and land(*(equal(x, y) for x, y in zip(a, b, strict=True)))


def maximum(a: Int, b: Int) -> Int:
    """The larger one."""
    return ite(a >= b, a, b)


def floordiv(a: Int, b: Int) -> Int:
    """``a`` divided by ``b > 0``, towards minus infinity."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if same(b, 1):
        return a
    return _int(a) / _int(b)  # SMT-LIB's div floors for positive divisors


def mod(a: Int, b: Int) -> Int:
    """The rest in ``[0, b)`` of :func:`floordiv`."""
    if isinstance(a, int) and isinstance(b, int):
        return a % b
    if same(b, 1):
        return 0
    return _int(a) % _int(b)


def ceildiv(a: Int, b: Int) -> Int:
    """``a`` divided by ``b > 0``, towards plus infinity."""
    if same(b, 1):
        return a
    return floordiv(a + b - 1, b)


def product(values: Iterable[Int]) -> Int:
    """Product; 1 if there are none."""
    out: Int = 1
    for v in values:
        out = v if same(out, 1) else out if same(v, 1) else out * v
    return out


def in_range(index: Sequence[Int], shape: Sequence[Int]) -> Bool:
    """Whether ``index`` addresses an element of a tensor of this shape."""
    return land(*(land(i >= 0, i < n) for i, n in zip(index, shape, strict=True)))


def linear(index: Sequence[Int], shape: Sequence[Int]) -> Int:
    """The row-major position of ``index``."""
    at: Int = 0
    for i, n in zip(index, shape, strict=True):
        at = i if same(at, 0) else at * n + i
    return at


def unlinear(at: Int, shape: Sequence[Int]) -> tuple[Int, ...]:
    """The index at row-major position ``at``, in range."""
    out: list[Int] = []
    rest = at
    for k in range(len(shape) - 1, 0, -1):
        if same(shape[k], 1):
            out.append(0)
        elif all(same(n, 1) for n in shape[:k]):
            out.append(rest)
            rest = 0
        else:
            out.append(mod(rest, shape[k]))
            rest = floordiv(rest, shape[k])
    return (rest, *reversed(out)) if shape else ()


def _int(a: Int) -> Any:
    return z3.IntVal(a) if isinstance(a, int) else a
