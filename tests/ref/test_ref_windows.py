"""reduce_window and convolution, element by element as the specification spells them out."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import I32, I64, from_numpy
from compiler.executable import compile_module
from compiler.ir import Array, Graph, Module, TensorType, module
from verify.ref import evaluate

Pairs = tuple[tuple[int, int], ...]


def element(x: Array, index: list[int], padding: Pairs, base: list[int]) -> Any:
    """The element of dilated and padded ``x``; None where it has none."""
    place = []
    for i, n, (low, _), step in zip(index, x.shape, padding, base, strict=True):
        if (i - low) % step or not 0 <= (i - low) // step < n:
            return None
        place.append((i - low) // step)
    return x[tuple(place)]


def count(n: int, padding: tuple[int, int], base: int, window: int, hole: int, step: int) -> int:
    padded = sum(padding) + (max(n - 1, -1) * base + 1 if n else 0)
    reach = (window - 1) * hole + 1
    return 0 if padded <= 0 or reach > padded else (padded - reach) // step + 1


def folded(op: str) -> Graph:
    s = TensorType((), I64)
    b = Builder([s, s])
    return b.graph([b.emit(op, [0, 1])])


def drawn(seed: int, rank: int) -> tuple[random.Random, dict[str, Any]]:
    r = random.Random(seed)

    def row(*choices: int) -> tuple[int, ...]:
        return tuple(r.choice(choices) for _ in range(rank))

    return r, {
        "window": row(1, 2, 3),
        "window_strides": row(1, 1, 2, 3),
        "base": row(1, 1, 2, 3),
        "hole": row(1, 1, 2),
        "padding": tuple((r.randint(-1, 2), r.randint(-2, 2)) for _ in range(rank)),
    }


def check(m: Module, arrays: list[Array], want: Array) -> None:
    """Reference and machine code give ``want``."""
    for (got,) in (evaluate(m, arrays), compile_module(m)(*arrays)):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("seed", range(60))
def test_reduce_window(seed):
    rank = seed % 4
    r, a = drawn(seed, rank)
    x = np.random.default_rng(seed).integers(
        -9, 9, tuple(r.choice([0, 1, 2, 4, 5]) for _ in range(rank))
    )
    init = np.int64(r.choice([0, 7]))
    op = r.choice(["add", "maximum"])
    rows = zip(
        x.shape, a["padding"], a["base"], a["window"], a["hole"], a["window_strides"], strict=True
    )
    shape = tuple(count(*row) for row in rows)
    want = np.full(shape, init)
    for out in np.ndindex(shape):
        for k in np.ndindex(a["window"]):
            at = [
                i * s + j * h
                for i, s, j, h in zip(out, a["window_strides"], k, a["hole"], strict=True)
            ]
            v = element(x, at, a["padding"], a["base"])
            v = init if v is None else v
            want[out] = want[out] + v if op == "add" else max(want[out], v)
    b = Builder([TensorType(x.shape, I64), TensorType((), I64)])
    made = b.emit(
        "reduce_window",
        [0, 1],
        regions=[folded(op)],
        window_dimensions=a["window"],
        window_strides=a["window_strides"],
        base_dilations=a["base"],
        window_dilations=a["hole"],
        padding=a["padding"],
    )
    check(module(b.graph([made])), [x, np.asarray(init)], want)


def test_reduce_window_of_several_inputs_with_a_captured_value():
    """The place of the greatest element in each window; where there is none, the captured value."""
    s = TensorType((), I32)
    region = Builder([s] * 5)
    more = region.emit("compare", [2, 0], comparison_direction="GT")
    value = region.emit("select", [more, 2, 0])
    place = region.emit("select", [more, 3, 1])
    least = region.emit("maximum", [place, 4])
    b = Builder([TensorType((6,), I32), TensorType((6,), I32), s])
    low, none = b.splat(s, -100), b.splat(s, -1)
    first = b.emit(
        "reduce_window",
        [0, 1, low, none],
        regions=[region.graph([value, least])],
        captures=[2],
        window_dimensions=(2,),
        window_strides=(2,),
        padding=((2, 0),),
    )
    m = module(b.graph([first, first + 1]))
    x = np.array([3, 9, 4, 1, 7, 7], np.int32)
    arrays = [x, np.arange(6, dtype=np.int32), np.int32(2)]
    for values, places in (evaluate(m, arrays), compile_module(m)(*arrays)):
        assert values.tolist() == [-100, 9, 4, 7]
        assert places.tolist() == [2, 2, 2, 4]


def test_a_window_folds_in_a_wider_type_than_its_input_has():
    wide = TensorType((), I32)
    region = Builder([wide, wide])
    body = region.graph([region.emit("add", [0, 1])])
    narrow = from_numpy(np.dtype(np.int8))
    b = Builder([TensorType((4,), narrow), TensorType((), narrow)])
    made = b.emit("reduce_window", [0, 1], regions=[body], window_dimensions=(4,))
    m = module(b.graph([made]))
    check(m, [np.full(4, 100, np.int8), np.int8(1)], np.array([401], np.int32))


@pytest.mark.parametrize("seed", range(80))
def test_convolution(seed):
    rank = seed % 3
    r, a = drawn(1000 + seed, rank)
    turned = tuple(r.random() < 0.3 for _ in range(rank))
    feature, batch = r.choice([(1, 1), (1, 1), (2, 1), (1, 2), (3, 1)])
    channels, features = r.choice([1, 1, 2]), feature * batch * r.choice([1, 2])
    images = batch * r.choice([1, 2])
    space = [r.choice([1, 2, 4, 5]) for _ in range(rank)]
    left, right, out = (r.sample(range(rank + 2), rank + 2) for _ in range(3))
    rng = np.random.default_rng(seed)
    x = rng.integers(-9, 9, (images, feature * channels, *space))
    w = rng.integers(-9, 9, (channels, features, *a["window"]))
    rows = zip(
        space, a["padding"], a["base"], a["window"], a["hole"], a["window_strides"], strict=True
    )
    counts = [count(*row) for row in rows]
    want = np.zeros((images // batch, features, *counts), np.int64)
    for n, f in itertools.product(range(images // batch), range(features)):
        group = f // (features // (feature * batch))
        image = n + group * (images // batch) if batch > 1 else n
        for s in np.ndindex(tuple(counts)):
            for c, k in itertools.product(range(channels), np.ndindex(a["window"])):
                at = [
                    i * step + (size - 1 - j if t else j) * hole
                    for i, step, j, hole, size, t in zip(
                        s, a["window_strides"], k, a["hole"], a["window"], turned, strict=True
                    )
                ]
                channel = c + group * channels if feature > 1 else c
                v = element(x[image, channel], at, a["padding"], a["base"])
                want[(n, f, *s)] += 0 if v is None else v * w[(c, f, *k)]

    def placed(y: Array, dims: list[int]) -> Array:
        return np.ascontiguousarray(y.transpose(np.argsort(dims)))

    x, w, want = placed(x, left), placed(w, right), placed(want, out)
    b = Builder([TensorType(x.shape, I64), TensorType(w.shape, I64)])
    made = b.emit(
        "convolution",
        [0, 1],
        window_strides=a["window_strides"],
        padding=a["padding"],
        lhs_dilation=a["base"],
        rhs_dilation=a["hole"],
        window_reversal=turned,
        input_batch_dimension=left[0],
        input_feature_dimension=left[1],
        input_spatial_dimensions=tuple(left[2:]),
        kernel_input_feature_dimension=right[0],
        kernel_output_feature_dimension=right[1],
        kernel_spatial_dimensions=tuple(right[2:]),
        output_batch_dimension=out[0],
        output_feature_dimension=out[1],
        output_spatial_dimensions=tuple(out[2:]),
        feature_group_count=feature,
        batch_group_count=batch,
    )
    check(module(b.graph([made])), [x, w], want)
