"""Loops and branches of nests: interpreter and machine code give the same bits.

The programs made here keep one rule only: no nest reads what nothing has written. Buffers are
written again and again, in and around loops, and memory starts as garbage, so that a buffer that
loses its place too early, or shares it wrongly, shows.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.codegen import emit, layout
from compiler.codegen.jit import Machine, guard
from compiler.dtypes import I1, I8, I32, I64
from compiler.ir import TensorType
from compiler.nest.interp import run
from compiler.nest.ir import Branch, Buffer, Map, Nest, Program, Reduce, Scalars, While
from compiler.nest.print import print_program

S, P = TensorType((), I32), TensorType((), I1)


def machine(program, inputs):
    """What the machine code gives; all memory is garbage before."""
    places = layout(program)
    code = Machine(emit(program), 2)
    outputs = [program.buffers[n].type for n in program.outputs]
    outs = [np.full(t.size, 0xA5, np.uint8).astype(t.dtype.numpy).reshape(t.shape) for t in outputs]
    arena = np.full(places.arena + 64, 0xA5, np.uint8)
    constants = np.zeros(places.constants + 1, np.uint8)
    for (_, offset), b in zip(places.slots, program.buffers, strict=True):
        if b.role == "const":
            constants[offset : offset + len(b.data)] = np.frombuffer(b.data, np.uint8)
    blocks = [np.ascontiguousarray(x) for x in inputs] + [*outs, arena, constants]
    pointers = (ctypes.c_void_p * len(blocks))(*(b.ctypes.data for b in blocks))
    guard()(code.address("main"), ctypes.addressof(pointers))
    return outs


def agree(program, inputs):
    """Both ways; returns the outputs."""
    wanted = run(program, inputs)
    for a, b in zip(machine(program, inputs), wanted, strict=True):
        assert np.array_equal(a, b), f"{a}\n{b}\n{print_program(program)}\n{layout(program)}"
    return wanted


def variable(s, number, size):
    """A loop variable; one that is always 0 is no variable."""
    return s.emit("index", dtype=I64, imm=number) if size > 1 else s.const(0, I64)


class Draft:
    """A program in the making."""

    def __init__(self):
        self.buffers: list[Buffer] = []

    def new(self, t, role="temp"):
        self.buffers.append(Buffer(t, role))
        return len(self.buffers) - 1

    def load(self, s, buffer, at=None):
        """The element at the loop variable, or at ``at``."""
        t = self.buffers[buffer].type
        if at is None:
            at = variable(s, 0, t.size)
        return s.emit("load", at, dtype=t.dtype, imm=buffer)

    def map(self, out, make: Callable[[Scalars], int]):
        s = Scalars()
        return Map("map", self.buffers[out].type.shape, s.body(make(s)), (out,))

    def copy(self, out, source):
        return self.map(out, lambda s: self.load(s, source))

    def constant(self, out, value):
        return self.map(out, lambda s: s.const(value, self.buffers[out].type.dtype))

    def add(self, out, a, b):
        t = self.buffers[out].type
        return self.map(
            out, lambda s: s.emit("iadd", self.load(s, a), self.load(s, b), dtype=t.dtype)
        )

    def loop(self, count, limit, body, *, before=()):
        """A loop that counts from 0 to ``limit`` in buffer ``count``."""
        pred, after = self.new(P), self.new(S)

        def less(s):
            return s.emit("cmp", self.load(s, count), s.const(limit, I32), dtype=I1, imm="lt")

        def more(s):
            return s.emit("iadd", self.load(s, count), s.const(1, I32), dtype=I32)

        step = [self.map(after, more), self.copy(count, after)]
        cond = (*before, self.map(pred, less))
        return [self.constant(count, 0), While("while", cond, pred, (*body, *step))]

    def program(self, nests):
        inputs = [n for n, b in enumerate(self.buffers) if b.role == "input"]
        outputs = [n for n, b in enumerate(self.buffers) if b.role == "output"]
        return Program(tuple(self.buffers), tuple(nests), tuple(inputs), tuple(outputs))


def fibonacci(limit):
    d = Draft()
    a, b = d.new(S, "output"), d.new(S, "output")
    total, count = d.new(S), d.new(S)
    body = [d.add(total, a, b), d.copy(a, b), d.copy(b, total)]
    return d.program([d.constant(a, 0), d.constant(b, 1), *d.loop(count, limit, body)])


@pytest.mark.parametrize(("limit", "wanted"), [(0, 0), (1, 1), (10, 55), (100, -980107325)])
def test_a_loop_runs_as_often_as_it_says(limit, wanted):
    assert agree(fibonacci(limit), [])[0] == wanted


@pytest.mark.parametrize("index", [-1, 0, 1, 2, 3, 2**31 - 1, -(2**31)])
def test_a_number_without_a_branch_takes_the_last(index):
    d = Draft()
    chosen, out = d.new(S, "input"), d.new(S, "output")
    branches = tuple((d.constant(out, 10 * k),) for k in range(3))
    p = d.program([Branch("case", chosen, branches)])
    assert agree(p, [np.int32(index)])[0] == 10 * (index if 0 <= index < 3 else 2)


@pytest.mark.parametrize("pred", [False, True])
def test_true_is_the_first_branch(pred):
    d = Draft()
    chosen, out = d.new(P, "input"), d.new(S, "output")
    p = d.program([Branch("if", chosen, ((d.constant(out, 1),), (d.constant(out, 2),)))])
    assert agree(p, [np.bool_(pred)])[0] == (1 if pred else 2)


@pytest.mark.parametrize("n", [1, 5, 16, 17, 64, 1000, 5000])
@pytest.mark.parametrize("ways", ["own", "back", "own back"])
def test_a_carried_value_is_changed_in_place_where_that_is_safe(ways, n):
    """x = x + 1 needs no second buffer; x = reverse(x) + 1 does."""
    t = TensorType((n,), I32)
    d = Draft()
    x, out, count, new = d.new(t, "input"), d.new(t, "output"), d.new(S), d.new(t)

    def step(s):
        value, own = s.const(1, I32), variable(s, 0, n)
        for way in ways.split():
            at = own if way == "own" else s.emit("isub", s.const(n - 1, I64), own, dtype=I64)
            value = s.emit("iadd", value, d.load(s, out, at), dtype=I32)
        return value

    body = [d.map(new, step), d.copy(out, new)]
    p = d.program([d.copy(out, x), *d.loop(count, 5, body)])
    shares = layout(p).slots[new] == layout(p).slots[out]
    assert shares is (ways == "own" or n == 1)
    wanted = start = np.arange(n, dtype=np.int32)
    for _ in range(5):
        wanted = 1 + wanted * ("own" in ways) + wanted[::-1] * ("back" in ways)
    assert np.array_equal(agree(p, [start])[0], wanted)


def test_a_loop_works_in_the_output_also_where_that_is_copied_to_another():
    d = Draft()
    a, b, new = d.new(S, "output"), d.new(S, "output"), d.new(S)
    one = d.new(S)
    nests = [d.constant(one, 1), d.constant(a, 0)]
    nests += d.loop(d.new(S), 3, [d.add(new, a, one), d.copy(a, new)])
    p = d.program([*nests, d.copy(b, a)])
    assert [int(x) for x in agree(p, [])] == [3, 3]
    assert layout(p).slots[new] == layout(p).slots[a]


def test_what_a_loop_reads_keeps_its_place_until_the_loop_ends():
    t = TensorType((8,), I32)
    d = Draft()
    x, kept, total = d.new(t, "input"), d.new(t), d.new(t, "output")
    count, other, sum_ = d.new(S), d.new(t), d.new(t)
    body = [
        d.add(sum_, total, kept),  # the last use in the text, not in time
        d.constant(other, 99),
        d.add(total, sum_, other),
    ]
    nests = [d.add(kept, x, x), d.constant(total, 0), *d.loop(count, 3, body)]
    x = np.arange(8, dtype=np.int32)
    assert agree(d.program(nests), [x])[0].tolist() == (3 * (2 * x + 99)).tolist()


def test_what_a_loop_never_touches_is_not_given_to_what_it_writes():
    t = TensorType((8,), I32)
    d = Draft()
    x, kept, value, out = d.new(t, "input"), d.new(t), d.new(t), d.new(t, "output")
    new = d.new(t)
    nests = [d.add(value, x, x), d.copy(kept, value)]
    nests += d.loop(d.new(S), 3, [d.add(new, value, x), d.copy(value, new)])
    p = d.program([*nests, d.add(out, kept, value)])
    assert agree(p, [np.arange(8, dtype=np.int32)])[0].tolist() == [7 * k for k in range(8)]


def test_what_one_branch_may_write_keeps_its_place_through_the_loop():
    t = TensorType((8,), I32)
    d = Draft()
    chosen, x, value, out = d.new(S, "input"), d.new(t, "input"), d.new(t), d.new(t, "output")
    other, new = d.new(t), d.new(t)
    body = [
        d.constant(other, 50),
        d.add(new, other, out),
        Branch("case", chosen, ((d.constant(value, 7),), ())),
        d.add(out, new, value),
    ]
    p = d.program([d.copy(value, x), d.constant(out, 0), *d.loop(d.new(S), 3, body)])
    for k, added in ((0, [7] * 8), (1, list(range(8)))):
        got = agree(p, [np.int32(k), np.arange(8, dtype=np.int32)])[0]
        assert got.tolist() == [3 * (50 + a) for a in added]


def test_many_nests_in_a_body_become_several_functions():
    t = TensorType((3,), I32)
    d = Draft()
    x, out, count = d.new(t, "input"), d.new(t, "output"), d.new(S)
    chain = [out]
    body: list[Nest] = []
    for _ in range(40):
        chain.append(d.new(t))
        body.append(d.add(chain[-1], chain[-2], x))
    p = d.program([d.copy(out, x), *d.loop(count, 3, [*body, d.copy(out, chain[-1])])])
    assert emit(p).count("define internal") + emit(p).count("define void @part") >= 3
    assert agree(p, [np.array([1, -2, 3], np.int32)])[0].tolist() == [121, -242, 363]


def test_ten_loops_in_one_another():
    d = Draft()
    out = d.new(S, "output")
    one, new = d.new(S), d.new(S)
    nests: list[Nest] = [d.constant(one, 1), d.add(new, out, one), d.copy(out, new)]
    for _ in range(10):
        nests = d.loop(d.new(S), 2, nests)
    assert agree(d.program([d.constant(out, 0), *nests]), [])[0] == 2**10


def test_all_of_it_is_printed():
    text = print_program(fibonacci(3))
    assert "while while b4\n cond\n  map map over [] -> b4" in text
    assert "\n body\n  map map over [] -> b2" in text


# Programs that nobody thought of


@st.composite
def programs(draw):
    """Vectors of one type and scalars, in loops and branches up to three deep."""
    d = Draft()
    size = draw(st.sampled_from([1, 2, 5, 16, 33]))
    vector = TensorType((size,), draw(st.sampled_from([I8, I32, I64])))
    roles = draw(st.lists(st.sampled_from(["temp", "temp", "output"]), min_size=2, max_size=6))
    start = d.new(vector, "input")
    vectors = [start, *(d.new(vector, role) for role in roles), d.new(vector, "output")]
    chosen = d.new(S)
    budget = draw(st.integers(3, 40))

    def element(s, known):
        buffer = draw(st.sampled_from(sorted(known)))
        way = draw(st.sampled_from(["own", "own", "own", "back", "first"]))
        at = variable(s, 0, size)
        if way == "back":
            at = s.emit("isub", s.const(size - 1, I64), at, dtype=I64)
        return d.load(s, buffer, s.const(0, I64) if way == "first" else at)

    def step(known):
        """One nest that is no control flow; returns what it writes too."""
        out = draw(st.sampled_from(vectors[1:]))
        others = known - {out}
        kind = draw(st.sampled_from(["copy", "copy", "map", "map", "sum"]))
        if kind == "copy":
            return d.copy(out, draw(st.sampled_from(sorted(others)))), out
        if kind == "sum":
            return total(out, draw(st.sampled_from(sorted(others)))), out
        s = Scalars()
        value = element(s, others)
        for op in draw(st.lists(st.sampled_from(["iadd", "isub", "imul"]), max_size=2)):
            value = s.emit(op, value, element(s, others), dtype=vector.dtype)
        value = s.emit(
            "iadd", value, s.const(draw(st.integers(0, 3)), vector.dtype), dtype=vector.dtype
        )
        return Map("map", vector.shape, s.body(value), (out,)), out

    def total(out, source):
        """Every element becomes the sum of all, weighted by its index."""
        s, c, i = Scalars(), Scalars(), Scalars()
        x = d.load(s, source, variable(s, 1, size))
        args = [c.emit("arg", dtype=vector.dtype, imm=k) for k in range(2)]
        combine = c.body(c.emit("iadd", *args, dtype=vector.dtype))
        init = i.body(i.const(1, vector.dtype))
        return Reduce("sum", (size,), (size,), s.body(x), init, combine, (out,), order="sequential")

    def block(known, depth):
        """Some nests; returns what has been written after them."""
        nonlocal budget
        nests, known = [], set(known)
        for _ in range(draw(st.integers(0, 5))):
            if budget <= 0:
                break
            budget -= 1
            kind = draw(st.sampled_from(["step", "step", "step", "while", "branch"]))
            if kind == "step" or depth == 3:
                nest, out = step(known)
                nests.append(nest)
                known.add(out)
            elif kind == "while":
                before, known = block(known, depth + 1)
                body, _ = block(known, depth + 1)
                limit = draw(st.sampled_from([2, 3, 1, 0]))
                nests += d.loop(d.new(S), limit, body, before=before)
            else:
                nests.append(choice(known))
                parts = [block(known, depth + 1) for _ in range(draw(st.integers(1, 3)))]
                nests.append(Branch("case", chosen, tuple(tuple(p) for p, _ in parts)))
                known = set.intersection(*(k for _, k in parts))
        return nests, known

    def choice(known):
        def index(s):
            x = d.load(s, draw(st.sampled_from(sorted(known))), s.const(0, I64))
            return s.emit("iand", s.emit("convert", x, dtype=I32), s.const(3, I32), dtype=I32)

        return d.map(chosen, index)

    nests, known = block({start}, 0)
    nests += [d.copy(out, start) for out in vectors[1:] if out not in known]
    return d.program(nests)


@settings(max_examples=300, deadline=None)
@given(programs(), st.integers(-3, 3))
def test_any_loop_nest(program, first):
    t = program.buffers[program.inputs[0]].type
    agree(program, [np.arange(first, first + t.size).astype(t.dtype.numpy)])
