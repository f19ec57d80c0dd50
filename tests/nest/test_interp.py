"""The nest interpreter on nests written by hand, and its parts."""

import numpy as np
import pytest

from compiler.dtypes import BF16, F16, F32, F64, I1, I8, I32, I64, UI64
from compiler.errors import InternalError
from compiler.ir import TensorType
from compiler.nest.evaluate import evaluate
from compiler.nest.functions import function
from compiler.nest.interp import CHUNK, Interpreter, run
from compiler.nest.ir import Buffer, Dot, Map, Program, Reduce, Scalars
from compiler.nest.scalars import convert


def program(types, nests, const=None):
    """The first buffers are inputs, the last one is the output."""
    buffers = [Buffer(t, "input") for t in types[:-1]] + [Buffer(types[-1], "output")]
    return Program(tuple(buffers), tuple(nests), tuple(range(len(types) - 1)), (len(types) - 1,))


def test_map_with_index_arithmetic():
    s = Scalars()
    i, j = (s.emit("index", dtype=I64, imm=k) for k in range(2))
    at = s.emit("iadd", s.emit("imul", j, s.const(3, I64), dtype=I64), i, dtype=I64)
    x = s.emit("load", at, dtype=F32, imm=0)
    nest = Map("transpose", (3, 4), s.body(s.emit("fneg", x, dtype=F32)), (1,))
    p = program([TensorType((4, 3), F32), TensorType((3, 4), F32)], [nest])
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    assert run(p, [x])[0].tolist() == (-x.T).tolist()


def test_an_interpreter_runs_on_one_set_of_inputs_after_the_other():
    s = Scalars()
    i = s.emit("index", dtype=I64, imm=0)
    x = s.emit("load", i, dtype=I64, imm=0)
    nest = Map("add", (4,), s.body(s.emit("iadd", x, i, dtype=I64)), (1,))
    both = Interpreter(program([TensorType((4,), I64)] * 2, [nest]))
    first = both([np.zeros(4, np.int64)])[0]
    assert both([np.arange(4)])[0].tolist() == [0, 2, 4, 6]
    assert first.tolist() == [0, 1, 2, 3]


def test_large_domains_are_cut_into_parts():
    n = 2 * CHUNK + 5
    s = Scalars()
    i, j = (s.emit("index", dtype=I64, imm=k) for k in range(2))
    value = s.emit("iadd", s.emit("imul", i, s.const(7, I64), dtype=I64), j, dtype=I64)
    for domain in ((n, 3), (1, n), (3, n)):
        nest = Map("iota", domain, s.body(value), (0,))
        (out,) = run(program([TensorType(domain, I64)], [nest]), [])
        assert np.array_equal(out, np.add.outer(7 * np.arange(domain[0]), np.arange(domain[1])))


def reduction(order, count):
    s = Scalars()
    x = s.emit("load", s.emit("index", dtype=I64, imm=0), dtype=F32, imm=0)
    c = Scalars()
    args = [c.emit("arg", dtype=F32, imm=k) for k in range(2)]
    init = Scalars()
    identity = np.float32(-0.0).tobytes()
    return Reduce(
        "reduce",
        (),
        (count,),
        s.body(x),
        init.body(init.const(1.0, F32)),
        c.body(c.emit("fadd", *args, dtype=F32)),
        (1,),
        order,
        (identity,),
    )


def test_orders_of_reduction_differ():
    x = np.full(3000, 2.0**-24, np.float32)
    out = {}
    for order in ("sequential", "lanes"):
        p = program([TensorType((3000,), F32), TensorType((), F32)], [reduction(order, 3000)])
        out[order] = float(run(p, [x])[0])
    assert out == {"sequential": 1.0, "lanes": float(np.float32(1 + 3000 * 2.0**-24))}


def test_dot_uses_blocks_of_fma():
    k = 300
    dot = Dot("dot", (), (1,), (1,), (k,), 0, 1, (k, 1), (1, 1), 2, F32)
    types = [TensorType((1, k), F32), TensorType((k, 1), F32), TensorType((1, 1), F32)]
    a = np.full((1, k), 1 + 2.0**-12, np.float32)
    b = np.ones((k, 1), np.float32)
    a[0, 0], b[0, 0] = 1 + 2.0**-12, 1 + 2.0**-12
    total = np.float32(0)
    for first in (0, 256):
        part = np.float32(0)
        for i in range(first, min(first + 256, k)):
            part = np.float32(np.float64(a[0, i]) * np.float64(b[i, 0]) + np.float64(part))
        total = total + part
    assert run(program(types, [dot]), [a, b])[0][0, 0] == total


def test_conversions_round_once():
    x = np.array([1 + 2.0**-8 + 2.0**-40, 1 + 2.0**-8, 2.0**-140, np.nan, np.inf])
    got = convert(x, F64, BF16).astype(np.float64)
    assert got[:3].tolist() == [1 + 2.0**-7, 1.0, 0.0 if 2.0**-140 < 2.0**-134 else got[2]]
    assert np.isnan(got[3])
    assert np.isinf(got[4])
    wide = np.array([(1 << 62) + (1 << 54) + 1, (1 << 62) + (1 << 54), -(1 << 62) - 1], np.int64)
    assert convert(wide, I64, BF16).astype(np.float64).tolist() == [
        2.0**62 * (1 + 2**-7),
        2.0**62,
        -(2.0**62),
    ]
    assert float(convert(np.uint64(2**64 - 1), UI64, F16)) == np.inf


def test_saturation():
    x = np.array([np.nan, 1e30, -1e30, -1.9, 127.9], np.float32)
    assert convert(x, F32, I8).tolist() == [0, 127, -128, -1, 127]
    assert convert(x, F32, UI64).tolist() == [0, 2**64 - 1, 0, 0, 127]
    assert convert(x, F32, I1).tolist() == [True] * 5


def test_integer_power():
    body = function("pow.i32")
    base = np.array([3, -1, -1, 1, 0, 2, -2], np.int32)
    exponent = np.array([5, -3, -4, -9, -1, -1, 31], np.int32)
    with np.errstate(all="ignore"):
        (out,) = evaluate(body, (), (), (base, exponent))
    assert out.tolist() == [243, -1, 1, 1, 0, 0, -(2**31)]


def test_unknown_names_are_our_own_fault():
    with pytest.raises(InternalError, match="no function nonsense"):
        function("nonsense.f32")
    s = Scalars()
    body = s.body(s.emit("nonsense", dtype=I32))
    with pytest.raises(InternalError, match="unknown scalar op nonsense"):
        evaluate(body, ())


def test_inputs_are_not_changed_and_results_are_fresh():
    s = Scalars()
    x = s.emit("load", s.emit("index", dtype=I64, imm=0), dtype=F64, imm=0)
    nest = Map("copy", (3,), s.body(x), (1,))
    p = program([TensorType((3,), F64), TensorType((3,), F64)], [nest])
    x = np.arange(3.0)
    (out,) = run(p, [x])
    out[:] = 9
    assert x.tolist() == [0, 1, 2]
