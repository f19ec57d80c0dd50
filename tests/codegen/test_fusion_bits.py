"""A fused group is one nest and has the bits of its parts."""

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import BF16, F16, F32, F64, I1, I32
from compiler.executable import Executable
from compiler.ir import Function, Module, TensorType, module
from compiler.lower import lower
from verify.arrays import same_bits


def fused(graph):
    """A module whose entry is one fusion of ``graph``."""
    private = Function("fusion", graph, private=True)
    b = Builder(graph.params, lambda _: (graph.params, graph.result_types))
    r = b.emit("composite", range(len(graph.params)), name="assay.fusion", decomposition="fusion")
    main = b.graph(range(r, r + len(graph.results)))
    return Module((Function("main", main), private))


@pytest.fixture
def compare(check, draw, seeded):
    """The fused module has one nest, and the bits of the unfused one."""

    def run(graph, nests=1):
        together, apart = fused(graph), module(graph)
        assert len(lower(together).nests) == nests
        rng = seeded(graph.params, graph.nodes)
        xs = [draw(rng, t) for t in graph.params]
        for a, b in zip(check(together, xs), check(apart, xs), strict=True):
            assert same_bits(a, b)

    return run


@pytest.mark.parametrize("n", [0, 1, 3, 16, 17, 70, 2000])
@pytest.mark.parametrize("dtype", [F16, BF16, F32, F64], ids=str)
def test_elementwise_chain_with_two_results(dtype, n, compare):
    t = TensorType((n,), dtype)
    b = Builder([t, t])
    x = b.emit("tanh", [b.emit("add", [0, 1])])
    y = b.emit("multiply", [x, b.splat(t, 0.5)])
    p = b.emit("compare", [x, y], comparison_direction="GT")
    compare(b.graph([b.emit("select", [p, x, y]), b.emit("exponential", [y])]))


@pytest.mark.parametrize("n", [1024, 1025, 1100, 4099])
@pytest.mark.parametrize("dtype", [F16, F32, F64, I32], ids=str)
def test_vectors_side_by_side(dtype, n, compare):
    """Long loops over short bodies work on several vectors at once."""
    t = TensorType((n,), dtype)
    b = Builder([t, t])
    x = b.emit("maximum", [b.emit("add", [0, 1]), 1])
    compare(b.graph([b.emit("subtract", [x, 0])]))


@pytest.mark.parametrize("n", [33_000])
def test_functions_inline(n, compare):
    """Loops over many elements hold copies of functions, not calls; too many of them stay calls."""
    t = TensorType((n,), F32)
    b = Builder([t])
    compare(b.graph([b.emit("multiply", [b.emit("logistic", [0]), 0])]))
    b = Builder([t])
    v = 0
    for op in ["tanh", "logistic", "exponential", "log_plus_one"] * 4:
        v = b.emit(op, [v])
    compare(b.graph([v]))


def test_layout_inside(compare):
    b = Builder([TensorType((6, 35), F32), TensorType((35,), F32), TensorType((), F32)])
    wide = b.emit(
        "broadcast_in_dim", [1], types=[TensorType((6, 35), F32)], broadcast_dimensions=(1,)
    )
    x = b.emit("add", [0, wide])
    t = b.emit("transpose", [x], permutation=(1, 0))
    r = b.emit("reshape", [t], types=[TensorType((7, 5, 6), F32)])
    s = b.emit("slice", [r], start_indices=(1, 0, 2), limit_indices=(7, 5, 6), strides=(2, 1, 3))
    v = b.emit("reverse", [s], dimensions=(1, 2))
    p = b.emit(
        "pad",
        [v, 2],
        edge_padding_low=(1, 0, -1),
        edge_padding_high=(0, 2, 3),
        interior_padding=(0, 1, 1),
    )
    compare(b.graph([b.emit("negate", [p])]))


def test_concatenate_and_pad_never_read_outside(compare):
    b = Builder([TensorType((3, 4), F32), TensorType((2, 4), F32), TensorType((), F32)])
    x, y = b.emit("sine", [0]), b.emit("negate", [1])
    c = b.emit("concatenate", [x, y, x], dimension=0)
    p = b.emit(
        "pad",
        [c, 2],
        edge_padding_low=(-2, 3),
        edge_padding_high=(4, -1),
        interior_padding=(0, 0),
    )
    compare(b.graph([b.emit("abs", [p])]))


@pytest.mark.parametrize("dims", [(1,), (0,), (0, 1)], ids=str)
@pytest.mark.parametrize("shape", [(5, 9), (3, 70), (70, 40), (4, 1000), (0, 3), (3, 0)], ids=str)
def test_reduce_with_producers(shape, dims, compare):
    s = TensorType((), F32)
    b = Builder([s, s])
    region = b.graph([b.emit("add", [0, 1])])
    b = Builder([TensorType(shape, F32), TensorType((shape[1],), F32), s])
    t = TensorType(shape, F32)
    wide = b.emit("broadcast_in_dim", [1], types=[t], broadcast_dimensions=(1,))
    x = b.emit("multiply", [0, wide])
    init = b.emit("negate", [2])
    compare(b.graph([b.emit("reduce", [x, init], dimensions=dims, regions=[region])]))


def test_other_groups_are_taken_apart(compare):
    """A reduce in the middle, or results of two shapes, are no single nest but still right."""
    s = TensorType((), F32)
    b = Builder([s, s])
    region = b.graph([b.emit("maximum", [0, 1])])
    b = Builder([TensorType((4, 33), F32)])
    low = b.splat(s, -np.inf)
    m = b.emit("reduce", [0, low], dimensions=(1,), regions=[region])
    wide = b.emit(
        "broadcast_in_dim", [m], types=[TensorType((4, 33), F32)], broadcast_dimensions=(0,)
    )
    compare(b.graph([b.emit("subtract", [0, wide])]), nests=3)


def test_calls_composites_and_nested_fusions_are_inlined(check):
    t = TensorType((5,), F32)
    b = Builder([t])
    inner = b.graph([b.emit("negate", [0])])
    types = {"inner": ((t,), (t,)), "outer": ((t,), (t, t))}
    b = Builder([t], types.get)
    x = b.emit("composite", [0], name="assay.fusion", decomposition="inner")
    outer = b.graph([x, b.emit("abs", [b.emit("call", [x], callee="inner")])])
    b = Builder([t], types.get)
    r = b.emit("call", [0], callee="outer")
    c = b.emit("composite", [r], name="other.thing", decomposition="outer")
    main = b.graph([r, r + 1, c, c + 1])
    m = Module(
        (
            Function("main", main),
            Function("inner", inner, private=True),
            Function("outer", outer, private=True),
        )
    )
    x = np.array([1, -2, 3, -4, 5], np.float32)
    out = check(m, [x])
    assert [o.tolist() for o in out] == [
        (-x).tolist(),
        abs(x).tolist(),
        x.tolist(),
        abs(x).tolist(),
    ]


def test_a_long_chain_needs_no_deep_stack():
    t = TensorType((4,), I32)
    b = Builder([t])
    v = 0
    for _ in range(3000):
        v = b.emit("add", [v, 0])
    exe = Executable(fused(b.graph([v])))
    assert exe(np.arange(4, dtype=np.int32))[0].tolist() == [0, 3001, 6002, 9003]


def test_predicate_of_a_region_is_inlined(check, draw, seeded):
    """A called function in a reducer body."""
    s = TensorType((), I1)
    b = Builder([s, s])
    callee = b.graph([b.emit("and", [0, 1])])
    types = {"both": ((s, s), (s,))}
    b = Builder([s, s], types.get)
    region = b.graph([b.emit("call", [0, 1], callee="both")])
    b = Builder([TensorType((3, 4), I1), s], types.get)
    r = b.emit("reduce", [0, 1], dimensions=(1,), regions=[region])
    m = Module((Function("main", b.graph([r])), Function("both", callee, private=True)))
    x = np.array([[1, 1, 1, 1], [1, 0, 1, 1], [0, 0, 0, 0]], bool)
    (out,) = check(m, [x, np.asarray(True)])
    assert out.tolist() == [True, False, False]
