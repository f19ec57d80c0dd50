"""Machine code and nest interpreter agree bit for bit: every elementwise op, dtype and awkward
length.
"""

import itertools

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import ALL, BF16, F16, F32, F64, FLOATS, I1, I32, INTEGERS, UI64
from compiler.ir import TensorType, module
from compiler.ops import OPS
from compiler.ops.chlo import NUMERICAL
from compiler.ops.elementwise import BINARY, UNARY

LENGTHS = (0, 1, 3, 16, 17, 70)
UNARY_CASES = [(op, d) for op, (dtypes, _) in UNARY.items() for d in dtypes]
BINARY_CASES = [(op, d) for op, (dtypes, _) in BINARY.items() for d in dtypes]


@pytest.fixture
def agree(check, draw, seeded):
    """Check a module on random inputs."""

    def run(m):
        rng = seeded(m.main.graph.params, m.main.graph.nodes)
        return check(m, [draw(rng, t) for t in m.main.graph.params])

    return run


def _several(op, operand_types, types=None, shapes=LENGTHS, **attrs):
    """One module that applies ``op`` at every length."""
    params = [TensorType((n,), d) for n in shapes for d in operand_types]
    b = Builder(params)
    count = len(operand_types)
    results = []
    for k, n in enumerate(shapes):
        given = {"types": [TensorType((n,), types)]} if types is not None else {}
        results.append(b.emit(op, range(k * count, (k + 1) * count), **given, **attrs))
    return module(b.graph(results))


@pytest.mark.parametrize(("op", "dtype"), UNARY_CASES, ids=lambda v: getattr(v, "name", v))
def test_unary(op, dtype, agree):
    agree(_several(op, [dtype]))


@pytest.mark.parametrize(("op", "dtype"), BINARY_CASES, ids=lambda v: getattr(v, "name", v))
def test_binary(op, dtype, agree):
    agree(_several(op, [dtype, dtype]))


@pytest.mark.parametrize(("op", "dtype"), BINARY_CASES, ids=lambda v: getattr(v, "name", v))
def test_binary_on_all_pairs_of_special_values(op, dtype, check, edges):
    values = edges(TensorType((), dtype))
    x, y = (np.ascontiguousarray(g.ravel()) for g in np.meshgrid(values, values))
    check(_several(op, [dtype, dtype], shapes=(x.size,)), [x, y])


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("name", sorted(NUMERICAL))
def test_functions_of_chlo(name, dtype, agree):
    op = f"chlo.{name}"
    agree(_several(op, [dtype] * len(OPS[op].operands), shapes=(1, 19)))


@pytest.mark.parametrize("target", ALL, ids=str)
@pytest.mark.parametrize("source", ALL, ids=str)
def test_convert_of_special_values(source, target, check, edges):
    values = edges(TensorType((), source))
    check(_several("convert", [source], target, shapes=(values.size,)), [values])


@pytest.mark.parametrize("target", ALL, ids=str)
@pytest.mark.parametrize("source", ALL, ids=str)
def test_convert(source, target, agree):
    agree(_several("convert", [source], target))


@pytest.mark.parametrize("dtype", ALL, ids=str)
@pytest.mark.parametrize("direction", ["EQ", "NE", "LT", "LE", "GT", "GE"])
def test_compare(direction, dtype, agree):
    agree(_several("compare", [dtype, dtype], comparison_direction=direction))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("direction", ["EQ", "NE", "LT", "LE", "GT", "GE"])
def test_total_order(direction, dtype, agree):
    attrs = {"comparison_direction": direction, "compare_type": "TOTALORDER"}
    agree(_several("compare", [dtype, dtype], **attrs))


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_select_and_clamp(dtype, agree):
    agree(_several("select", [I1, dtype, dtype]))
    agree(_several("clamp", [dtype, dtype, dtype]))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_is_finite(dtype, agree):
    agree(_several("is_finite", [dtype]))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize(
    ("exponent", "mantissa"), [(5, 10), (8, 7), (1, 0), (4, 3), (8, 23), (11, 3)]
)
def test_reduce_precision(dtype, exponent, mantissa, agree):
    agree(_several("reduce_precision", [dtype], exponent_bits=exponent, mantissa_bits=mantissa))


@pytest.mark.parametrize(
    ("source", "target"),
    [(a, b) for a, b in itertools.product(ALL, ALL) if a.bits == b.bits],
    ids=str,
)
def test_bitcast_same_width(source, target, agree):
    agree(_several("bitcast_convert", [source], target))


@pytest.mark.parametrize(
    ("source", "target"),
    [(a, b) for a, b in itertools.product(ALL, ALL) if a.bits != b.bits],
    ids=str,
)
def test_bitcast_other_width(source, target, agree):
    big, small = max(source.bits, target.bits), min(source.bits, target.bits)
    wide, narrow = (3,), (3, big // small)
    shapes = (wide, narrow) if source.bits == big else (narrow, wide)
    t = TensorType(shapes[0], source)
    b = Builder([t])
    r = b.emit("bitcast_convert", [0], types=[TensorType(shapes[1], target)])
    agree(module(b.graph([r])))


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS, ids=str)
@pytest.mark.parametrize("shape", [(0,), (1,), (17,), (3, 18), (70, 2), (2, 3, 16)])
def test_iota(dtype, shape, agree):
    b = Builder()
    dims = range(len(shape))
    t = TensorType(shape, dtype)
    agree(module(b.graph([b.emit("iota", types=[t], iota_dimension=d) for d in dims])))


@pytest.mark.parametrize("dtype", [F16, BF16, F32, F64, I32, UI64, I1], ids=str)
def test_scalar_operands_broadcast(dtype, agree):
    t, s = TensorType((5, 7), dtype), TensorType((), dtype)
    b = Builder([t, t, s, s, TensorType((), I1)])
    r = [b.emit("clamp", [2, 0, 3]), b.emit("clamp", [2, 0, 1]), b.emit("select", [4, 0, 1])]
    agree(module(b.graph(r)))


def test_every_elementwise_op_is_covered():
    tested = {
        *UNARY,
        *BINARY,
        "convert",
        "compare",
        "select",
        "clamp",
        "is_finite",
        "reduce_precision",
    }
    tested |= {f"chlo.{name}" for name in NUMERICAL}
    assert tested == {op.name for op in OPS.values() if op.elementwise}
