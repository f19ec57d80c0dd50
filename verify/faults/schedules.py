"""Bugs of machine code in the order of work: sums, updates, merging, blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from compiler.codegen import dots, program, reduces, sorts, tiles
from compiler.codegen.body import Code
from compiler.codegen.text import Text, register, vector
from compiler.dtypes import I1, I64
from compiler.nest.ir import Body, Inst, Scatter
from verify.faults.base import patched
from verify.faults.codegen import declare_codegen


@contextmanager
def _own(holder: Any, attribute: str, value: Any) -> Iterator[None]:
    """An attribute of one object replaced."""
    setattr(holder, attribute, value)
    try:
        yield
    finally:
        delattr(holder, attribute)


def _pairs_neighbours(old: Callable[..., str]) -> Callable[..., str]:
    """Lane 2 j is added to lane 2 j + 1, not lane j to lane j + h."""

    def tree(fold: Any, parts: Any, width: int) -> str:
        shuffle = fold.t.shuffle

        def alternating(scalar: str, n: int, a: str, b: str, lanes: Any) -> str:
            half = n // 2
            pairs = [2 * (k % half) + k // half for k in lanes]
            return str(shuffle(scalar, n, a, b, pairs))

        with _own(fold.t, "shuffle", alternating):
            return old(fold, parts, width)

    return tree


def _rounded_products(old: Callable[..., Any]) -> Callable[..., Any]:
    """Products of a contraction are rounded before they are added."""

    def step(t: Text, *rest: Any) -> Any:
        add = old(t, *rest)

        def intrinsic(_name: str, scalar: str, width: int, a: str, b: str, c: str) -> str:
            whole = vector(scalar, width)
            return t.e(f"fadd {whole} {t.e(f'fmul {whole} {a}, {b}')}, {c}")

        def run(k: str, acc: str) -> str:
            with _own(t, "intrinsic", intrinsic):
                return str(add(k, acc))

        return run

    return step


def _backwards(body: Body, sizes: tuple[int, ...]) -> Body:
    """The body at the index counted from the end."""
    insts: list[Inst] = []
    new: list[int] = []
    for inst in body.insts:
        insts.append(inst._replace(args=tuple(new[a] for a in inst.args)))
        if inst.op == "index":
            last = (sizes[inst.imm] - 1).to_bytes(8, "little")
            insts.append(Inst("const", (), I64, last))
            insts.append(Inst("isub", (len(insts) - 1, len(insts) - 2), I64, None))
        new.append(len(insts) - 1)
    return Body(tuple(insts), tuple(new[r] for r in body.results))


def _last_first(old: Callable[..., None]) -> Callable[..., None]:
    """Updates take place from the last to the first."""

    def emit(t: Text, nest: Scatter, memory: Any) -> None:
        if 0 not in nest.domain:
            old(t, replace(nest, body=_backwards(nest.body, nest.domain)), memory)

    return emit


def _right_unless_left(_old: Any) -> Any:
    """The right run goes first unless the left element must: equal ones change places."""

    def right_first(
        self: Any, a: list[str], b: list[str], left: str, middle: str, right: str, end: str
    ) -> str:
        t = self.t
        args = [(v, 1) for pair in zip(a, b, strict=True) for v in pair]
        (before,) = Code(t, self.less, self.memory, args=args).results(1)
        wanted = t.e(f"icmp eq {register(I1)} {before}, 0")
        none_left = t.e(f"icmp uge i64 {left}, {middle}")
        some_right = t.e(f"icmp ult i64 {right}, {end}")
        return str(t.e(f"and i1 {some_right}, {t.e(f'or i1 {none_left}, {wanted}')}"))

    return right_first


def _always_first(old: Callable[..., str]) -> Callable[..., str]:
    """Every block of products overwrites the sum of those before it."""

    def tile(name: str, lanes: int, declares: set[str]) -> str:
        return old(name, lanes, declares).replace("br i1 %first,", "br i1 true,")

    return tile


# fmt: off
declare_codegen("lanes-pair-neighbours", "missing contract",
                "the lanes of a sum are added in another order",
                patched(reduces, "_tree", _pairs_neighbours),
                source="OpenMathLib/OpenBLAS#5055: fast-math switched on where it must not be")
declare_codegen("dot-rounds-products", "missing contract",
                "products of a contraction are rounded before they are added",
                patched(dots, "_step", _rounded_products),
                source="llvm/llvm-project#171904: an fma rounded twice where there is none")
declare_codegen("scatter-last-first", "order of updates",
                "updates of a scatter take place from the last to the first",
                patched(program, "emit_scatter", _last_first),
                source="jax-ml/jax#12359: scatter to one place differs between CPU and GPU")
declare_codegen("sort-unstable", "order of updates",
                "equal elements change places when they are sorted",
                patched(sorts._Sorter, "_right_first", _right_unless_left),
                source="jax-ml/jax#2779: sort is stable on CPU and not on GPU")
declare_codegen("tile-forgets-blocks", "wrong value",
                "large contractions keep the last block of products only",
                patched(tiles, "tile", _always_first),
                source="modular/modular#6129: wrong sums of convolutions with large kernels")
# fmt: on
