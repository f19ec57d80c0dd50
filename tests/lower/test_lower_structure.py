"""What programs look like: buffers, roles, aliases, refusals."""

import numpy as np

from compiler.build import Builder
from compiler.dtypes import F32, I1
from compiler.expand import EXPANSIONS
from compiler.ir import TensorType, module
from compiler.lower import LOWERINGS, lower
from compiler.lower.reduce import identity_value
from compiler.nest.interp import run
from compiler.nest.ir import Dot, Map, Reduce
from compiler.ops import OPS

T = TensorType((4, 6), F32)


def test_every_op_has_a_lowering_or_an_expansion():
    assert set(LOWERINGS) | set(EXPANSIONS) == set(OPS)
    assert not set(LOWERINGS) & set(EXPANSIONS)


def test_roles_and_order():
    b = Builder([T, T])
    x = b.emit("add", [0, 1])
    p = lower(module(b.graph([b.emit("negate", [x])])))
    assert [buffer.role for buffer in p.buffers] == ["input", "input", "temp", "output"]
    assert (p.inputs, p.outputs) == ((0, 1), (3,))
    assert [n.name for n in p.nests] == ["add", "negate"]


def test_reshape_is_an_alias_and_dead_code_is_left_out():
    b = Builder([T])
    x = b.emit("negate", [0])
    b.emit("tanh", [x])
    y = b.emit("reshape", [x], types=[TensorType((24,), F32)])
    p = lower(module(b.graph([b.emit("abs", [y])])))
    assert [n.name for n in p.nests] == ["negate", "abs"]


def test_splats_are_in_the_code_and_tables_are_shared_buffers():
    b = Builder([T])
    table = np.arange(24, dtype=np.float32).reshape(4, 6)
    x = b.emit("add", [0, b.splat(T, 2.0)])
    y = b.emit("multiply", [x, b.constant(table)])
    z = b.emit("subtract", [y, b.constant(table)])
    p = lower(module(b.graph([z])))
    assert sum(buffer.role == "const" for buffer in p.buffers) == 1


def test_kinds_of_nests():
    s = TensorType((), F32)
    b = Builder([s, s])
    region = b.graph([b.emit("add", [0, 1])])
    b = Builder([T, s])
    r = b.emit("reduce", [0, 1], dimensions=(1,), regions=[region])
    d = b.emit(
        "dot_general", [0, 0], lhs_contracting_dimensions=(1,), rhs_contracting_dimensions=(1,)
    )
    nests = lower(module(b.graph([r, d, b.emit("abs", [0])]))).nests
    assert [type(n) for n in nests] == [Reduce, Dot, Map]


def test_a_reduce_inside_a_reducer_runs_once_for_each_element():
    s = TensorType((), F32)
    b = Builder([s, s])
    inner = b.graph([b.emit("add", [0, 1])])
    b = Builder([s, s])
    outer = b.graph([b.emit("reduce", [0, 1], dimensions=(), regions=[inner])])
    b = Builder([T, s])
    m = module(b.graph([b.emit("reduce", [0, 1], dimensions=(1,), regions=[outer])]))
    assert [n.name for n in lower(m).nests] == ["begin", "loop"]
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    assert run(lower(m), [x, np.float32(1)])[0].tolist() == (x.sum(axis=1) + 1).tolist()


def test_an_exchanged_entry_takes_effect(monkeypatch):
    b = Builder([T])
    m = module(b.graph([b.emit("abs", [0])]))
    monkeypatch.setitem(LOWERINGS, "abs", LOWERINGS["negate"])
    x = np.ones((4, 6), np.float32)
    assert run(lower(m), [x])[0].tolist() == (-x).tolist()


def test_identities():
    assert identity_value("subtract", F32) is None
    assert identity_value("xor", I1) == 0
    assert np.signbit(identity_value("add", F32))
