"""The smallest program that fails in the same way.

A reducer on the IR: every candidate is a well-typed program, and what is cut off enters as an input
that holds the reference's value. In this order: one result; delta debugging over ops; bypass an op
by an operand; control flow and what is inside of it; attributes; sizes; element types; input
values; all again until nothing gets smaller or the budget of tests is spent.
"""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from compiler.check import callees
from compiler.dtypes import F32, I32, DType
from compiler.errors import UnsupportedError
from compiler.ir import Array, Module
from verify.arrays import fingerprint
from verify.isolation import edits, regions
from verify.isolation.edits import Program
from verify.isolation.minimise import minimise
from verify.isolation.regions import REGIONS
from verify.isolation.retype import retype
from verify.isolation.simplify import simpler_attrs
from verify.isolation.slices import count_ops, every_value, trim

Fails = Callable[[Module, list[Array]], bool]


@dataclass(frozen=True, slots=True)
class Reduction:
    """What came out: the program, its inputs, and what it cost.

    Attributes:
        module: the smallest program found.
        inputs: of it.
        ops_before: size of the program as given.
        ops_after: size of ``module``.
        tests: candidates that were tested.
        seconds: how long it took.
        errors: candidates on which Assay itself raised, so that nothing is known of them.
        error: traceback of the first of these.
    """

    module: Module
    inputs: tuple[Array, ...]
    ops_before: int
    ops_after: int
    tests: int
    seconds: float
    errors: int = 0
    error: str = ""


class Spent(Exception):
    """The budget of tests is used up."""


@dataclass
class Reducer:
    """One reduction. ``fails`` says whether a candidate still shows the failure; each distinct one
    is asked once.

    Attributes:
        fails: the property to keep. A candidate for which it raises is given up; what is not
            :class:`UnsupportedError` is an internal error, and counted.
        budget: how many times it may be asked.
        progress: called with (tests, ops) after each step that made the program smaller.
    """

    fails: Fails
    module: Module
    inputs: list[Array]
    budget: int = 300
    progress: Callable[[int, int], None] | None = None
    tests: int = 0
    errors: int = 0
    error: str = ""
    _hidden: bool = False  # whether all ops are tested as dead ones
    _known: dict[tuple[Module, str], bool] = field(default_factory=dict)

    def run(self) -> Reduction:
        """Reduce to a fixpoint, or as far as the budget goes."""
        start, before = time.monotonic(), count_ops(self.module)
        with contextlib.suppress(Spent):
            self._all_steps()
        module, inputs = self._shape((self.module, self.inputs))
        seconds = time.monotonic() - start
        spent = self.tests, seconds, self.errors, self.error
        return Reduction(module, tuple(inputs), before, count_ops(module), *spent)

    def _all_steps(self) -> None:
        if not self._first([trim(self.module, self.inputs)]):
            self._unearth()
        if callees(self.module.main.graph):
            self._first([trim(edits.inlined(self.module), self.inputs)])
        small = False
        while not small:
            start = self._size()
            self._structure()
            self._smaller_types()
            self._repeat(lambda: simpler_attrs(self.module, self.inputs))
            self._values()
            small = self._size() == start

    def _unearth(self) -> None:
        """A dead op is to blame: make it a result, so that no edit drops it. If it must be dead to
        fail, all edits see it as a result and all tests as a dead op.
        """
        shown = edits.dead_shown(self.module, self.inputs)
        if shown is None or self.test(shown):
            return
        found, self._hidden = False, True
        try:
            found = self.test(shown)
        finally:
            self._hidden = found

    def _shape(self, candidate: Program) -> Program:
        """What is tested for a candidate."""
        return edits.all_dead(*candidate) if self._hidden else candidate

    def _structure(self) -> None:
        self._first(edits.single_results(self.module, self.inputs))
        self._cut()
        if self._repeat(lambda: edits.bypasses(self.module, self.inputs)):
            self._cut()
        self._regions()
        self._repeat(lambda: edits.cut_constants(self.module, self.inputs))
        self._repeat(lambda: edits.merged_params(self.module, self.inputs))

    def _regions(self) -> None:
        """Ops of control flow: away with them, else less of them; then ops inside of them."""
        if not any(n.op in REGIONS for n in self.module.main.graph.nodes):
            return
        smaller = self._repeat(lambda: regions.hoisted(self.module, self.inputs))
        smaller |= self._repeat(lambda: regions.fewer_values(self.module, self.inputs))
        smaller |= self._repeat(lambda: regions.cut_regions(self.module, self.inputs))
        if smaller:
            self._cut()

    def _cut(self) -> None:
        """Delta debugging over the ops; what is left out enters as inputs."""
        module, inputs = self.module, self.inputs
        try:
            values = every_value(module, inputs)
        except UnsupportedError:  # nothing to put in the place of what is left out
            return

        def keeps(kept: list[int]) -> bool:
            candidate = edits.keep_nodes(module, inputs, values, kept) if kept else None
            return candidate is not None and self.test(candidate)

        minimise(range(len(module.main.graph.nodes)), keeps)

    def _smaller_types(self) -> None:
        """Simpler element types, then smaller sizes: all at once, then one by one."""
        for dtype in self._dtypes():
            plain = {"float": F32, "int": I32, "uint": I32}.get(dtype.kind)
            if plain is not None and dtype is not plain:
                self.test_program(retype(self.module, self.inputs, dtypes={dtype: plain}))
        for every in (2, 3):
            large = {d: every for d in self._sizes() if d > every}
            if large and self.test_program(retype(self.module, self.inputs, large)):
                break
        for d in self._sizes():
            smaller = dict.fromkeys((1, 2, 3, d // 2, (3 * d) // 4, d - 1))
            self._first(retype(self.module, self.inputs, {d: n}) for n in smaller if 0 < n < d)

    def _values(self) -> None:
        """Zeros, ones and small integers in the place of the inputs, where they still fail."""
        everything = range(len(self.inputs))
        for simple in SIMPLE:
            if self._replace(everything, simple):
                return
        for i in everything:
            for simple in SIMPLE:
                if self._replace([i], simple):
                    break

    def _replace(self, which: Iterable[int], simple: Callable[[Array], Array]) -> bool:
        new = list(self.inputs)
        for i in which:
            new[i] = simple(new[i])
        if fingerprint(new) == fingerprint(self.inputs):
            return True
        return self.test((self.module, new))

    def _repeat(self, candidates: Callable[[], Iterable[Program | None]]) -> bool:
        """Take candidates one by one as long as one of them still fails; whether any did."""
        any_taken = False
        while self._first(candidates()):
            any_taken = True
        return any_taken

    def _first(self, candidates: Iterable[Program | None]) -> bool:
        """Take the first candidate that still fails."""
        return any(self.test_program(c) for c in candidates)

    def test_program(self, candidate: Program | None) -> bool:
        """:meth:`test`, where ``None`` never fails."""
        return candidate is not None and self.test(candidate)

    def test(self, candidate: Program) -> bool:
        """Whether ``candidate`` still fails; if so it becomes the program. Raises Spent over
        budget.
        """
        module, inputs = self._shape(candidate)
        key = module, fingerprint(inputs)
        if key in self._known:
            return self._known[key]
        if self.tests >= self.budget:
            raise Spent
        self.tests += 1
        try:
            still = bool(self.fails(module, inputs))
        except UnsupportedError:
            still = False
        except Exception:
            still = False
            self.errors += 1
            self.error = self.error or traceback.format_exc()
        self._known[key] = still
        if still:
            self.module, self.inputs = candidate
            if self.progress:
                self.progress(self.tests, count_ops(module))
        return still

    def _sizes(self) -> list[int]:
        graph = self.module.main.graph
        return sorted({d for t in graph.types for d in t.shape if d > 1}, reverse=True)

    def _dtypes(self) -> list[DType]:
        return list(dict.fromkeys(t.dtype for t in self.module.main.graph.types))

    def _size(self) -> tuple[int, int, str]:
        graph = self.module.main.graph
        return count_ops(self.module), sum(t.size for t in graph.types), fingerprint(self.inputs)


def reduce(
    module: Module,
    inputs: Sequence[Array],
    fails: Fails,
    *,
    budget: int = 300,
    progress: Callable[[int, int], None] | None = None,
) -> Reduction:
    """The smallest program found for which ``fails`` holds; it must hold for ``module`` on
    ``inputs``.
    """
    return Reducer(fails, module, list(inputs), budget, progress).run()


def _ones(x: Array) -> Array:
    return np.ones_like(x)


def _zeros(x: Array) -> Array:
    return np.zeros_like(x)


def _counting(x: Array) -> Array:
    """1, 2, 3, ... over the elements, so that no two neighbours are equal."""
    if x.dtype == np.bool_:
        odd: Array = (np.arange(x.size) % 2 == 0).reshape(x.shape)
        return odd
    return (np.arange(x.size) % 100 + 1).astype(x.dtype).reshape(x.shape)


def _rounded(x: Array) -> Array:
    """Nearest small integers: finite floats only, others stay."""
    if x.dtype.kind in "biu":
        return x
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        near = np.clip(np.rint(wide), -100, 100)
        rounded: Array = np.where(np.isfinite(wide), near, wide).astype(x.dtype)
        return rounded


SIMPLE: tuple[Callable[[Array], Array], ...] = (_zeros, _ones, _counting, _rounded)
