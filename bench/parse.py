"""Parsing of large modules against the lexer alone: ``python bench/parse.py [kind ...]``.

Every text has ten megabytes. The lexer is one regular expression over the text, so the ratio says
what reading, building and verifying cost beyond that, whatever the machine is doing beside. Seconds
are of the processor, the best of a few turns.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from compiler.text import parse
from compiler.text.lexer import Cursor

TURNS = 3


def _function(lines: list[str], params: str = "") -> str:
    return f"func.func @main({params}) {{\n" + "\n".join(lines) + "\nreturn\n}\n"


def ops() -> str:
    """Many small ops, with locations."""
    lines = []
    for i in range(0, 115_000, 2):
        lines.append(f"    %{i} = stablehlo.add %arg0, %arg0 : tensor<16x32xf32> loc(#loc{i})")
        lines.append(
            f"    %{i + 1} = stablehlo.broadcast_in_dim %arg1, dims = [1]"
            " : (tensor<32xf32>) -> tensor<16x32xf32>"
        )
    return _function(lines, "%arg0: tensor<16x32xf32>, %arg1: tensor<32xf32>")


def windows() -> str:
    """Ops with a region and a dictionary of attributes."""
    head = "window_dimensions = array<i64: 1, 2>, window_strides = array<i64: 1, 1>"
    region = "^bb0(%a: tensor<f32>, %b: tensor<f32>):\n  %m = stablehlo.maximum %a, %b : "
    region += "tensor<f32>\n  stablehlo.return %m : tensor<f32>\n"
    types = "(tensor<4x8xf32>, tensor<f32>) -> tensor<4x7xf32>"
    one = f'"stablehlo.reduce_window"(%x, %y) <{{{head}}}> ({{\n{region}}}) : {types}'
    lines = [f"%{i} = {one}" for i in range(33_000)]
    return _function(lines, "%x: tensor<4x8xf32>, %y: tensor<f32>")


def calls() -> str:
    """A chain of functions, each of which calls the next one."""
    count, t = 60_000, "tensor<4xf32>"
    out = []
    for i in range(count):
        step = f"call @f{i + 1}(%0) : ({t}) -> {t}" if i + 1 < count else f"stablehlo.abs %0 : {t}"
        out.append(
            f"func.func private @f{i}(%arg0: {t}) -> {t} {{\n"
            f"  %0 = stablehlo.add %arg0, %arg0 : {t}\n  %1 = {step}\n  return %1 : {t}\n}}\n"
        )
    main = f"func.func @main(%x: {t}) -> {t} {{\n%0 = call @f0(%x) : ({t}) -> {t}\n"
    return f"module {{\n{main}return %0 : {t}\n}}\n{''.join(out)}}}\n"


def small_constants() -> str:
    """Constants of a few elements, none like another."""
    return _function(
        [f"%{i} = stablehlo.constant dense<[1.0, {i}.5]> : tensor<2xf32>" for i in range(150_000)]
    )


def _constant(body: str, count: int, dtype: str) -> str:
    return _function([f"%0 = stablehlo.constant dense<{body}> : tensor<{count}x{dtype}>"])


def _floats() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.random.default_rng(0).standard_normal(800_000).astype(np.float32)


def decimals() -> str:
    """One constant, its floats in decimal."""
    parts = [f"{x:.6e}" for x in _floats()]
    return _constant(f"[{', '.join(parts)}]", len(parts), "f32")


def patterns() -> str:
    """The same with a bit pattern among them."""
    parts = [*(f"{x:.6e}" for x in _floats()), "0x7FC00000"]
    return _constant(f"[{', '.join(parts)}]", len(parts), "f32")


def integers() -> str:
    """One constant of integers."""
    return _constant(f"[{', '.join(map(str, range(1_250_000)))}]", 1_250_000, "i32")


def matrix() -> str:
    """One constant of integers in nested brackets."""
    rows = ", ".join(f"[{', '.join(map(str, range(i, i + 10)))}]" for i in range(140_000))
    return _constant(f"[{rows}]", 140_000, "10xi32")


def booleans() -> str:
    """One constant of words."""
    return _constant(f"[{', '.join(['true', 'false'] * 800_000)}]", 1_600_000, "i1")


def blob() -> str:
    """One constant of hexadecimal digits."""
    return _constant(f'"0x{np.resize(_floats(), 1_250_000).tobytes().hex()}"', 1_250_000, "f32")


TEXTS: dict[str, Callable[[], str]] = {
    f.__name__: f
    for f in (
        ops,
        windows,
        calls,
        small_constants,
        decimals,
        patterns,
        integers,
        matrix,
        booleans,
        blob,
    )
}


def best(call: Callable[[], object]) -> float:
    """Processor seconds of the fastest call."""
    times = []
    for _ in range(TURNS):
        begin = time.process_time()
        call()
        times.append(time.process_time() - begin)
    return min(times)


def main(kinds: list[str]) -> None:
    """Print a row for each kind of text."""
    print(f"{'text':16} {'MB':>5} {'lexer s':>8} {'parse s':>8} {'ratio':>6}")
    for kind in kinds or TEXTS:
        text = TEXTS[kind]()
        lexer, whole = best(partial(Cursor, text, "f")), best(partial(parse, text))
        print(f"{kind:16} {len(text) / 1e6:5.1f} {lexer:8.2f} {whole:8.2f} {whole / lexer:6.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
