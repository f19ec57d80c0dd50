"""scatter, select_and_scatter, sort: machine code gives the interpreter's bits, and the meaning."""

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import ALL, BF16, F32, I1, I8, I32, I64, UI64
from compiler.executable import compile_module
from compiler.ir import Function, Graph, Module, TensorType, module
from compiler.lower import lower
from compiler.nest.ir import Sort
from compiler.pipeline import Options
from compiler.text import parse
from verify.gen import RandomChooser, draw_inputs, scatter, sort
from verify.gen.draft import BIG_DIMS, DIMS, Draft, Library
from verify.ref import evaluate

STEPS = {**scatter.GEN, **sort.GEN}


def same(a, b):
    """Equal type and values, where NaN equals NaN."""
    return a.dtype == b.dtype and np.array_equal(a.astype(float), b.astype(float), equal_nan=True)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("op", STEPS)
def test_generated(op, seed, check):
    """The reference takes updates in the same order; so even rounding agrees, where no NaN asks a
    comparator for an order that there is not.
    """
    chooser = RandomChooser(seed)
    dims = BIG_DIMS if seed % 5 == 4 else DIMS
    draft = Draft(chooser, ALL, 400, Library(), [], dims=dims)
    STEPS[op](draft)
    count = len(draft.nodes[-1][3])
    program = Module((Function("main", draft.graph(range(len(draft.types))[-count:])),))
    mode = ("exact", "normal", "special")[seed % (2 if op == "sort" else 3)]
    inputs = draw_inputs(chooser, program, mode)
    outputs = check(program, inputs)
    for a, b in zip(outputs, evaluate(program, inputs), strict=True):
        assert same(a, b)


def compile_both(program, *inputs):
    """The outputs, equal at -O0 and -O2."""
    first = compile_module(program, Options(level=0))(*inputs)
    second = compile_module(program, Options(level=2))(*inputs)
    for a, b in zip(first, second, strict=True):
        assert a.tobytes() == b.tobytes()
    return first


def sort_module(shape, dim, dtypes, direction):
    b = Builder([TensorType((), d) for d in dtypes for _ in range(2)])
    less = b.graph([b.emit("compare", [0, 1], comparison_direction=direction, compare_type="")])
    b = Builder([TensorType(shape, d) for d in dtypes])
    b.emit("sort", list(range(len(dtypes))), dimension=dim, is_stable=False, regions=[less])
    return module(b.graph([len(dtypes) + k for k in range(len(dtypes))]))


@pytest.mark.parametrize("direction", ["LT", "GT", "LE", "NE", "EQ"])
@pytest.mark.parametrize(
    ("shape", "dim"),
    [((1,), 0), ((2,), 0), ((65,), 0), ((300,), 0), ((5, 7), 0), ((3, 1, 17), 2), ((2, 9, 3), 1)],
    ids=str,
)
def test_any_comparator_gives_one_result(shape, dim, direction, check, seeded, draw):
    """The algorithm is part of the meaning: NaN, LE and NE included."""
    for dtypes in ((F32,), (BF16, I8), (I1, UI64, F32)):
        program = sort_module(shape, dim, dtypes, direction)
        rng = seeded(shape, dim, direction)
        check(program, [draw(rng, t) for t in program.main.graph.params])


def test_a_long_line(check):
    program = sort_module((3001, 2), 0, (I32, I64), "LT")
    keys = np.random.default_rng(0).integers(-50, 50, (3001, 2)).astype(np.int32)
    numbers = np.broadcast_to(np.arange(3001)[:, None], keys.shape).copy()
    got, order = check(program, [keys, numbers])
    assert np.array_equal(order, np.argsort(keys, axis=0, kind="stable"))
    assert np.array_equal(got, np.sort(keys, axis=0))


def test_a_sort_of_what_is_computed_in_place():
    """Splats and iotas among the operands have no buffers of their own to read."""
    program = parse("""
        func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
          %c = stablehlo.constant dense<2.0> : tensor<4xf32>
          %0:2 = "stablehlo.sort"(%x, %c) ({
          ^bb0(%a: tensor<f32>, %b: tensor<f32>, %p: tensor<f32>, %q: tensor<f32>):
            %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
            stablehlo.return %1 : tensor<i1>
          }) {dimension = 0 : i64}
            : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
          return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
        }""")
    assert sum(isinstance(nest, Sort) for nest in lower(program).nests) == 1
    x = np.array([3, 1, 2, 0], np.float32)
    got, splat = compile_both(program, x)
    assert list(got) == [0, 1, 2, 3]
    assert list(splat) == [2, 2, 2, 2]


def scatter_text(dtype, n):
    return f"""
        func.func @main(%x: tensor<4xf32>, %i: tensor<{n}x1x{dtype}>, %u: tensor<{n}x2xf32>)
            -> tensor<4xf32> {{
          %0 = "stablehlo.scatter"(%x, %i, %u) ({{
          ^bb0(%a: tensor<f32>, %b: tensor<f32>):
            stablehlo.return %b : tensor<f32>
          }}) {{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1],
               scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}}
            : (tensor<4xf32>, tensor<{n}x1x{dtype}>, tensor<{n}x2xf32>) -> tensor<4xf32>
          return %0 : tensor<4xf32>
        }}"""


@pytest.mark.parametrize(
    ("dtype", "start", "wanted"),
    [
        ("i64", -(2**63), "...."),
        ("i64", 2**63 - 1, "...."),
        ("ui64", 2**64 - 1, "...."),  # one more would be 0
        ("ui64", 2**63, "...."),
        ("i8", -1, "2..."),  # the window's second element is inside
        ("i8", 3, "...1"),
        ("ui8", 4, "...."),
        ("i32", 1, ".12."),
    ],
)
def test_elements_of_a_window_are_in_bounds_one_by_one(dtype, start, wanted):
    """As the specification has it: *result_index* is that of an element, not of a window."""
    program = parse(scatter_text(dtype, 1))
    numpy = program.main.graph.params[1].dtype.numpy
    indices = np.array([[start]], numpy)
    inputs = [np.zeros(4, np.float32), indices, np.array([[1, 2]], np.float32)]
    expected = [float(c) if c != "." else 0.0 for c in wanted]
    assert evaluate(program, inputs)[0].tolist() == expected
    assert compile_both(program, *inputs)[0].tolist() == expected
    constant = parse(
        scatter_text(dtype, 1)
        .replace("%i: ", "%j: ")
        .replace(
            "{\n          %0",
            f"{{\n %i = stablehlo.constant dense<{start}> : tensor<1x1x{dtype}>\n          %0",
            1,
        )
    )
    assert compile_both(constant, *inputs)[0].tolist() == expected


def test_the_operand_is_copied_once():
    program = parse(scatter_text("i32", 3))
    copies = [n for n in lower(program).nests if n.name == "copy"]
    assert len(copies) == 1


def wrapped(body):
    """The same body inside a branch, which no scalar code can hold."""
    b = Builder(list(body.params))
    captured = list(range(len(body.params)))
    inner = Builder(list(body.params))
    for node in body.nodes:
        inner.add(node)
    branch = inner.graph(list(body.results))
    pred = b.constant(np.array(True))
    out = b.emit("if", [pred], regions=[branch, branch], captures=captured)
    return b.graph([out + k for k in range(len(body.results))])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("op", ["scatter", "sort"])
def test_bodies_with_control_flow(op, seed, check):
    chooser = RandomChooser(seed)
    draft = Draft(chooser, ALL, 40, Library(), [])
    STEPS[op](draft)
    count = len(draft.nodes[-1][3])
    graph = draft.graph(range(len(draft.types))[-count:])
    plain = Module((Function("main", graph),))
    last = graph.nodes[-1]
    odd = last._replace(regions=(wrapped(last.regions[0]),))
    program = Module(
        (Function("main", Graph(graph.params, (*graph.nodes[:-1], odd), graph.results)),)
    )
    inputs = draw_inputs(chooser, plain, ("exact", "normal")[seed % 2])
    for a, b in zip(check(program, inputs), check(plain, inputs), strict=True):
        assert same(a, b)
