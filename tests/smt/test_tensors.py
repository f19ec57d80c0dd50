"""Ops on whole tensors: the symbolic element at every index against the reference interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import z3

from compiler.build import Builder
from compiler.dtypes import F32, I32, UI8
from compiler.ir import Array, Module, TensorType, module
from compiler.ops import OPS
from compiler.rules.plant import monoid_body
from verify.arrays import same_bits
from verify.gen.chooser import RandomChooser
from verify.gen.graphs import GEN, Config, generate
from verify.ref import evaluate
from verify.smt import table
from verify.smt.equal import PROVED, Decider
from verify.smt.graphs import evaluate_graph
from verify.smt.replay import random_elements, scalar_value
from verify.smt.scalar import literal
from verify.smt.symbols import input_tensor
from verify.smt.tensor import Env, SymTensor, Unknown


def test_every_op_has_a_symbolic_meaning() -> None:
    assert set(OPS) == set(table())


def numeral_tensor(env: Env, x: Array, t: TensorType) -> SymTensor:
    return SymTensor(t.shape, t.dtype, lambda i: literal(env, x[tuple(map(int, i))], t.dtype))


def check(program: Module, inputs: list[Array]) -> None:
    """Every element of every output, evaluated symbolically at concrete indices."""
    env = Env("bits")
    params = program.main.graph.params
    tensors = [numeral_tensor(env, x, t) for x, t in zip(inputs, params, strict=True)]
    found = evaluate_graph(env, program.main.graph, tensors, program)
    for got, want in zip(found, evaluate(program, inputs), strict=True):
        assert got.shape == want.shape
        for index in np.ndindex(*want.shape):
            term = z3.simplify(got.at(index))
            if not _unknowns(term):  # folds and transcendental functions have no value here
                assert same_bits(
                    np.asarray(scalar_value(term, got.dtype)), np.asarray(want[index])
                ), index


def _unknowns(term: Any) -> list[Any]:
    from verify.smt.folds import subterms

    return [t for t in subterms(term) if z3.is_app(t) and t.decl().kind() == z3.Z3_OP_UNINTERPRETED]


LAYOUT: list[tuple[str, tuple[int, ...], dict[str, Any], tuple[int, ...] | None]] = [
    ("transpose", (2, 3, 4), {"permutation": (2, 0, 1)}, None),
    ("reshape", (2, 3, 4), {}, (4, 6)),
    ("reshape", (1, 6), {}, (3, 1, 2)),
    ("broadcast_in_dim", (3, 1), {"broadcast_dimensions": (2, 0)}, (2, 4, 3)),
    ("slice", (5, 7), {"start_indices": (1, 0), "limit_indices": (5, 7), "strides": (2, 3)}, None),
    ("reverse", (3, 4), {"dimensions": (1,)}, None),
]


@pytest.mark.parametrize(("op", "shape", "attrs", "result"), LAYOUT)
def test_layout(
    op: str, shape: tuple[int, ...], attrs: dict[str, Any], result: tuple[int, ...] | None
) -> None:
    b = Builder([TensorType(shape, F32)])
    out = b.emit(op, [0], types=[TensorType(result, F32)] if result else None, **attrs)
    check(module(b.graph([out])), [np.arange(np.prod(shape), dtype=np.float32).reshape(shape)])


@pytest.mark.parametrize(
    ("low", "high", "inner"), [(1, 2, 0), (-1, 0, 2), (2, -3, 1), (0, 0, 3), (-2, -2, 0)]
)
def test_pad(low: int, high: int, inner: int) -> None:
    b = Builder([TensorType((5,), I32), TensorType((), I32)])
    out = b.emit(
        "pad", [0, 1], edge_padding_low=(low,), edge_padding_high=(high,), interior_padding=(inner,)
    )
    check(module(b.graph([out])), [np.arange(1, 6, dtype=np.int32), np.int32(-9)])


def test_concatenate() -> None:
    b = Builder([TensorType((2, n), UI8) for n in (1, 0, 3)])
    out = b.emit("concatenate", [0, 1, 2], dimension=1)
    check(
        module(b.graph([out])),
        [np.arange(2 * n, dtype=np.uint8).reshape(2, n) + 10 * n for n in (1, 0, 3)],
    )


def _only(*families: str) -> Config:
    """Programs of these families, with constants."""
    kept = {o.name for o in OPS.values() if o.family in (*families, "constant")}
    return Config(4, limit=24, big_share=0, exclude=frozenset(GEN) - kept)


@pytest.mark.parametrize("config", [Config(), _only("gather", "dynamic")], ids=["all", "gather"])
def test_generated_programs(config: Config) -> None:
    seen = 0
    for seed in range(150):
        chooser = RandomChooser(seed)
        program = generate(chooser, config)
        if any(t.size > 60 for t in (*program.main.graph.params, *program.main.graph.result_types)):
            continue
        rng = np.random.default_rng(seed)
        inputs = [random_elements(rng, t, 0.2) for t in program.main.graph.params]
        try:
            check(program, inputs)
        except Unknown:
            continue
        seen += 1
    assert seen > 30


def sums(op: str, *, permuted: bool, dtype: Any = F32) -> Module:
    """Fold a matrix over both dimensions, directly or through a transpose."""
    b = Builder([TensorType((3, 4), dtype), TensorType((), dtype)])
    x = b.emit("transpose", [0], permutation=(1, 0)) if permuted else 0
    return module(
        b.graph([b.emit("reduce", [x, 1], regions=[monoid_body(op, dtype)], dimensions=(0, 1))])
    )


def equal(left: Module, right: Module, *, reorder: bool = False, reading: str = "bits") -> str:
    env = Env(reading, reorder)
    inputs = [
        input_tensor(f"in{k}", t.shape, t.dtype, reading)
        for k, t in enumerate(left.main.graph.params)
    ]
    a, b = (evaluate_graph(env, m.main.graph, inputs, m)[0] for m in (left, right))
    return Decider(env, [], 5000).equal(a.at(()), b.at(())).status


def test_a_float_sum_keeps_its_order_unless_told() -> None:
    straight, turned = sums("add", permuted=False), sums("add", permuted=True)
    assert equal(straight, straight) == PROVED
    assert equal(straight, turned) != PROVED
    assert equal(straight, turned, reorder=True) == PROVED
    assert equal(straight, turned, reorder=True, reading="reals") == PROVED


def test_a_maximum_and_an_integer_sum_have_no_order() -> None:
    assert equal(sums("maximum", permuted=False), sums("maximum", permuted=True)) == PROVED
    assert (
        equal(sums("add", permuted=False, dtype=I32), sums("add", permuted=True, dtype=I32))
        == PROVED
    )
    assert equal(sums("add", permuted=False), sums("maximum", permuted=False)) != PROVED
