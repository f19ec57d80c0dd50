"""Control flow and bodies with control flow: what programs give, by nests and by machine code."""

import numpy as np
import pytest

from compiler.build import Builder
from compiler.codegen import layout
from compiler.dtypes import F32, I1, I32
from compiler.executable import Executable
from compiler.ir import TensorType, module
from compiler.lower import lower
from compiler.nest.interp import run
from compiler.nest.ir import Branch, Dot, Map, Reduce, Scatter, While
from compiler.text import parse

S, P = TensorType((), I32), TensorType((), I1)


def results(program, *inputs):
    """The outputs, the same from nests and from machine code."""
    m = parse(program) if isinstance(program, str) else program
    inputs = [np.asarray(x) for x in inputs]
    wanted = run(lower(m), inputs)
    for level in (0, 2):
        for a, b in zip(Executable(m, level=level)(*inputs), wanted, strict=True):
            assert a.tobytes() == b.tobytes(), (a, b)
    return [x.tolist() for x in wanted]


def i32(*values):
    return np.array(values, np.int32)


def counted(types, limit, body):
    """A module that runs ``body(builder, values) -> values`` ``limit`` times on its inputs."""
    cond, step, main = (Builder([S, *types]) for _ in range(3))
    less = cond.emit("compare", [0, cond.splat(S, limit)], comparison_direction="LT")
    more = step.emit("add", [0, step.splat(S, 1)])
    values = body(step, list(range(1, 1 + len(types))))
    regions = [cond.graph([less]), step.graph([more, *values])]
    w = main.emit("while", range(1 + len(types)), regions=regions)
    return module(main.graph(range(w + 1, w + 1 + len(types))))


V = TensorType((3,), F32)


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 7])
@pytest.mark.parametrize(
    "order",
    [
        (0, 1, 2, 3),
        (1, 0, 2, 3),
        (1, 2, 3, 0),
        (1, 2, 0, 0),
        (3, 3, 3, 3),
        (1, 0, 3, 2),
        (0, 0, 1, 2),
        (2, 3, 1, 1),
    ],
    ids=str,
)
def test_carried_values_change_places_all_at_once(order, limit):
    m = counted([V] * 4, limit, lambda _b, values: [values[k] for k in order])
    start = [np.full(3, k, np.float32) for k in range(4)]
    wanted = list(range(4))
    for _ in range(limit):
        wanted = [wanted[k] for k in order]
    assert results(m, i32(0)[0], *start) == [[k] * 3 for k in wanted]


def test_some_carried_values_are_new_and_some_are_moved():
    def body(b, values):
        x, y, _ = values
        total = b.emit("add", [x, y])
        return [y, total, total]

    a, b, c = np.float32([1, 2, 3]), np.float32([10, 20, 30]), np.float32([0, 0, 0])
    wanted = [a, b, c]
    for _ in range(5):
        wanted = [wanted[1], wanted[0] + wanted[1], wanted[0] + wanted[1]]
    assert results(counted([V] * 3, 5, body), i32(0)[0], a, b, c) == [w.tolist() for w in wanted]


def test_an_alias_of_a_carried_value_is_the_value_before():
    def body(b, values):
        turned = b.emit("reshape", [values[0]], types=[TensorType((2, 2), F32)])
        new = b.emit("add", [values[0], values[0]])
        back = b.emit("transpose", [turned], permutation=(1, 0))
        return [new, turned, back]

    t, u = TensorType((4,), F32), TensorType((2, 2), F32)
    x, zero = np.float32([1, 2, 3, 4]), np.zeros((2, 2), np.float32)
    got = results(counted([t, u, u], 2, body), i32(0)[0], x, zero, zero)
    assert got == [[4, 8, 12, 16], [[2, 4], [6, 8]], [[2, 6], [4, 8]]]


def test_regions_capture_constants_call_functions_and_nest():
    program = """
    func.func @main(%n: tensor<i32>, %x: tensor<3xf32>) -> (tensor<i32>, tensor<3xf32>) {
      %zero = stablehlo.constant dense<0> : tensor<i32>
      %table = stablehlo.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
      %twice = stablehlo.add %x, %x : tensor<3xf32>
      %r:2 = stablehlo.while(%i = %zero, %y = %x) : tensor<i32>, tensor<3xf32>
        cond {
          %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
          stablehlo.return %p : tensor<i1>
        } do {
          %one = stablehlo.constant dense<1> : tensor<i32>
          %j = stablehlo.add %i, %one : tensor<i32>
          %inner:2 = stablehlo.while(%k = %zero, %z = %y) : tensor<i32>, tensor<3xf32>
            cond {
              %p = stablehlo.compare LT, %k, %i : (tensor<i32>, tensor<i32>) -> tensor<i1>
              stablehlo.return %p : tensor<i1>
            } do {
              %l = stablehlo.add %k, %one : tensor<i32>
              %odd = func.call @odd(%k) : (tensor<i32>) -> tensor<i1>
              %w = "stablehlo.if"(%odd) ({
                %a = stablehlo.add %z, %twice : tensor<3xf32>
                stablehlo.return %a : tensor<3xf32>
              }, {
                %a = stablehlo.subtract %z, %table : tensor<3xf32>
                stablehlo.return %a : tensor<3xf32>
              }) : (tensor<i1>) -> tensor<3xf32>
              stablehlo.return %l, %w : tensor<i32>, tensor<3xf32>
            }
          stablehlo.return %j, %inner#1 : tensor<i32>, tensor<3xf32>
        }
      return %r#0, %r#1 : tensor<i32>, tensor<3xf32>
    }
    func.func private @odd(%k: tensor<i32>) -> tensor<i1> {
      %one = stablehlo.constant dense<1> : tensor<i32>
      %last = stablehlo.and %k, %one : tensor<i32>
      %p = stablehlo.compare EQ, %last, %one : (tensor<i32>, tensor<i32>) -> tensor<i1>
      return %p : tensor<i1>
    }
    """
    x = np.float32([5, 7, 9])
    y, table = x.copy(), np.float32([1, 2, 3])
    for i in range(6):
        for k in range(i):
            y = y + 2 * x if k % 2 else y - table
    assert results(program, i32(6)[0], x) == [6, y.tolist()]


@pytest.mark.parametrize("index", [-5, 0, 1, 2, 3])
def test_case_with_several_results(index):
    b = Builder([S, V, V])
    regions = []
    for swap in (False, True):
        r = Builder([V, V])
        regions.append(r.graph([1, 0] if swap else [0, 1]))
    r = Builder([V, V])
    regions.append(r.graph([r.emit("add", [0, 1]), r.splat(V, 4.0)]))
    w = b.emit("case", [0], regions=regions, captures=[1, 2])
    x, y = np.float32([1, 2, 3]), np.float32([4, 5, 6])
    wanted = [(x, y), (y, x), (x + y, np.full(3, 4))][index if 0 <= index < 3 else 2]
    got = results(module(b.graph([w, w + 1])), i32(index)[0], x, y)
    assert got == [v.tolist() for v in wanted]


def test_a_predicate_may_be_anything():
    """A constant, a carried value, an input; and a loop may carry nothing that is used."""
    never, once, body = Builder([V, P]), Builder([V, P]), Builder([V, P])
    regions = [body.graph([body.emit("negate", [0]), body.splat(P, False)])]
    b = Builder([V, P])
    n = b.emit("while", [0, 1], regions=[never.graph([never.splat(P, False)]), *regions])
    m = b.emit("while", [0, 1], regions=[once.graph([1]), *regions])
    k = b.emit("if", [b.splat(P, True)], regions=[Builder([V]).graph([0])] * 2, captures=[n])
    b.emit("while", [], regions=[_constant(False), Builder().graph([])])
    graph = b.graph([n, n + 1, m, m + 1, k])
    x = np.float32([1, 2, 3])
    assert results(module(graph), x, np.True_) == [[1, 2, 3], True, [-1, -2, -3], False, [1, 2, 3]]


def _constant(value):
    b = Builder()
    return b.graph([b.splat(P, value)])


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 2)], ids=str)
def test_nothing_can_be_carried(shape):
    t = TensorType(shape, F32)
    m = counted([t, t], 3, lambda b, v: [b.emit("add", [v[0], v[1]]), v[0]])
    x = np.zeros(shape, np.float32)
    assert results(m, i32(0)[0], x, x) == [x.tolist()] * 2


def test_a_barrier_is_its_operands():
    b = Builder([V, S])
    o = b.emit("optimization_barrier", [1, 0])
    p = lower(module(b.graph([b.emit("negate", [o + 1]), o])))
    assert [n.name for n in p.nests] == ["negate", "copy"]
    got = results(module(b.graph([b.emit("negate", [o + 1]), o])), np.float32([1, 2, 3]), i32(4)[0])
    assert got == [[-1, -2, -3], 4]


def test_fusions_in_regions_are_one_nest():
    program = """
    func.func @main(%n: tensor<i32>, %x: tensor<3xf32>) -> tensor<3xf32> {
      %r:2 = stablehlo.while(%i = %n, %y = %x) : tensor<i32>, tensor<3xf32>
        cond {
          %zero = stablehlo.constant dense<0> : tensor<i32>
          %p = stablehlo.compare GT, %i, %zero : (tensor<i32>, tensor<i32>) -> tensor<i1>
          stablehlo.return %p : tensor<i1>
        } do {
          %one = stablehlo.constant dense<1> : tensor<i32>
          %j = stablehlo.subtract %i, %one : tensor<i32>
          %z = stablehlo.composite "assay.fusion" %y, %x {decomposition = @group}
            : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
          stablehlo.return %j, %z : tensor<i32>, tensor<3xf32>
        }
      return %r#1 : tensor<3xf32>
    }
    func.func private @group(%y: tensor<3xf32>, %x: tensor<3xf32>) -> tensor<3xf32> {
      %a = stablehlo.add %y, %x : tensor<3xf32>
      %b = stablehlo.multiply %a, %x : tensor<3xf32>
      return %b : tensor<3xf32>
    }
    """
    (loop,) = (n for n in lower(parse(program)).nests if isinstance(n, While))
    assert [n.name for n in loop.body] == ["subtract", "fusion", "copy", "copy"]
    assert results(program, i32(2)[0], np.float32([1, 2, 3])) == [[3, 20, 63]]


def test_a_fusion_with_control_flow_is_no_nest():
    program = """
    func.func @main(%p: tensor<i1>, %x: tensor<3xf32>) -> tensor<3xf32> {
      %z = stablehlo.composite "assay.fusion" %p, %x {decomposition = @group}
        : (tensor<i1>, tensor<3xf32>) -> tensor<3xf32>
      return %z : tensor<3xf32>
    }
    func.func private @group(%p: tensor<i1>, %x: tensor<3xf32>) -> tensor<3xf32> {
      %y = "stablehlo.if"(%p) ({
        %a = stablehlo.add %x, %x : tensor<3xf32>
        stablehlo.return %a : tensor<3xf32>
      }, {
        stablehlo.return %x : tensor<3xf32>
      }) : (tensor<i1>) -> tensor<3xf32>
      return %y : tensor<3xf32>
    }
    """
    assert [type(n) for n in lower(parse(program)).nests] == [Branch]
    assert results(program, np.True_, np.float32([1, 2, 3])) == [[2, 4, 6]]


def test_every_kind_of_nest_stands_in_a_loop():
    def body(b, values):
        r = Builder([TensorType((), F32)] * 2)
        region = r.graph([r.emit("add", [0, 1])])
        zero = b.splat(TensorType((), F32), 0.0)
        d = b.emit(
            "dot_general",
            [values[0], values[0]],
            lhs_contracting_dimensions=(1,),
            rhs_contracting_dimensions=(0,),
        )
        return [d, b.emit("reduce", [d, zero], dimensions=(1,), regions=[region])]

    m = counted([TensorType((2, 2), F32), TensorType((2,), F32)], 3, body)
    (loop,) = (n for n in lower(m).nests if isinstance(n, While))
    assert [type(n) for n in loop.body][:3] == [Map, Dot, Reduce]
    got = results(m, i32(0)[0], np.float32([[1, 1], [0, 1]]), np.float32([0, 0]))
    assert got == [[[1, 8], [0, 1]], [9, 1]]


@pytest.mark.parametrize("count", [1, 3, 40])
def test_what_a_loop_collects_is_updated_in_place(count):
    """The row that an iteration makes is all that it writes of the array that it carries."""
    whole = TensorType((40, 3), F32)
    cond, step, main = Builder([S, V, whole]), Builder([S, V, whole]), Builder([V, whole])
    less = cond.emit("compare", [0, cond.splat(S, count)], comparison_direction="LT")
    more = step.emit("add", [0, step.splat(S, 1)])
    new = step.emit("add", [1, 1])
    row = step.emit("reshape", [new], types=[TensorType((1, 3), F32)])
    rows = step.emit("dynamic_update_slice", [2, row, 0, step.splat(S, 0)])
    regions = [cond.graph([less]), step.graph([more, new, rows])]
    w = main.emit("while", [main.splat(S, 0), 0, 1], regions=regions)
    m = module(main.graph([w + 2]))
    p = lower(m)
    (body,) = (n.body for n in p.nests if isinstance(n, While))
    (update,) = (n for n in body if isinstance(n, Scatter))
    assert layout(p).slots[update.outs[0]] == layout(p).slots[p.outputs[0]]
    wanted = np.full((40, 3), -1, np.float32)
    x = np.float32([1, 2, 3])
    start = wanted.copy()
    for k in range(count):
        wanted[k] = x * 2.0 ** (k + 1)
    assert results(m, x, start) == [wanted.tolist()]


@pytest.mark.parametrize("at", [-7, 0, 5, 38, 1000])
def test_a_small_update_of_a_value_that_is_needed_too(at):
    whole = TensorType((40, 3), I32)
    b = Builder([whole, TensorType((2, 2), I32), S])
    x = b.emit("negate", [0])
    y = b.emit("dynamic_update_slice", [x, 1, 2, 2])
    data, update = np.arange(120, dtype=np.int32).reshape(40, 3), i32(7, 8, 9, 10).reshape(2, 2)
    wanted = -data
    row, column = min(max(at, 0), 38), min(max(at, 0), 1)
    wanted[row : row + 2, column : column + 2] = update
    got = results(module(b.graph([x, y])), data, update, i32(at)[0])
    assert got == [(-data).tolist(), wanted.tolist()]


# Bodies of reduce that are no scalar code


def reducer(text):
    """A module that reduces dimension 1 of its input by a body in StableHLO."""
    return f"""
    func.func @main(%x: tensor<2x5xi32>, %init: tensor<i32>, %c: tensor<i32>) -> tensor<2xi32> {{
      %r = "stablehlo.reduce"(%x, %init) ({{
        ^bb0(%a: tensor<i32>, %b: tensor<i32>):
          {text}
          stablehlo.return %s : tensor<i32>
      }}) {{dimensions = array<i64: 1>}} : (tensor<2x5xi32>, tensor<i32>) -> tensor<2xi32>
      return %r : tensor<2xi32>
    }}
    """


LOOP = """
%one = stablehlo.constant dense<1> : tensor<i32>
%zero = stablehlo.constant dense<0> : tensor<i32>
%w:2 = stablehlo.while(%i = %zero, %s0 = %a) : tensor<i32>, tensor<i32>
  cond {
    %p = stablehlo.compare LT, %i, %b : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %t = stablehlo.add %s0, %c : tensor<i32>
    stablehlo.return %j, %t : tensor<i32>, tensor<i32>
  }
%s = stablehlo.add %w#1, %one : tensor<i32>
"""
CHOICE = """
%p = stablehlo.compare LT, %a, %b : (tensor<i32>, tensor<i32>) -> tensor<i1>
%s = "stablehlo.if"(%p) ({
  stablehlo.return %b : tensor<i32>
}, {
  %d = stablehlo.add %a, %c : tensor<i32>
  stablehlo.return %d : tensor<i32>
}) : (tensor<i1>) -> tensor<i32>
"""
INNER = """
%v = stablehlo.broadcast_in_dim %b, dims = [] : (tensor<i32>) -> tensor<3xi32>
%s = "stablehlo.reduce"(%v, %a) ({
  ^bb0(%u: tensor<i32>, %w: tensor<i32>):
    %y = stablehlo.add %u, %w : tensor<i32>
    stablehlo.return %y : tensor<i32>
}) {dimensions = array<i64: 0>} : (tensor<3xi32>, tensor<i32>) -> tensor<i32>
"""


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (LOOP, lambda a, b, c: a + max(b, 0) * c + 1),
        (CHOICE, lambda a, b, c: b if a < b else a + c),
        (INNER, lambda a, b, c: a + 3 * b),
    ],
    ids=["while", "if", "reduce"],
)
def test_any_body_reduces(text, meaning):
    x = i32(3, -1, 0, 4, 2, 7, 1, 1, -8, 5).reshape(2, 5)
    wanted = []
    for row in x.tolist():
        acc = 1
        for element in row:
            acc = meaning(acc, element, 10)
        wanted.append(acc)
    assert results(reducer(text), x, i32(1)[0], i32(10)[0]) == [wanted]


@pytest.mark.parametrize("text", ["", LOOP, CHOICE, INNER], ids=["plain", "while", "if", "reduce"])
def test_any_body_maps(text):
    text = (
        text
        or "%s0 = stablehlo.multiply %a, %b : tensor<i32>\n%s = stablehlo.add %s0, %c : tensor<i32>"
    )
    meaning = {
        LOOP: lambda a, b: a + max(b, 0) * 10 + 1,
        CHOICE: lambda a, b: b if a < b else a + 10,
        INNER: lambda a, b: a + 3 * b,
    }.get(text, lambda a, b: a * b + 10)
    program = f"""
    func.func @main(%x: tensor<2x3xi32>, %y: tensor<2x3xi32>, %c: tensor<i32>) -> tensor<2x3xi32> {{
      %twice = stablehlo.add %x, %x : tensor<2x3xi32>
      %r = "stablehlo.map"(%twice, %y) ({{
        ^bb0(%a: tensor<i32>, %b: tensor<i32>):
          {text}
          stablehlo.return %s : tensor<i32>
      }}) {{dimensions = array<i64: 0, 1>}}
        : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<2x3xi32>
      return %r : tensor<2x3xi32>
    }}
    """
    x, y = np.arange(-2, 4, dtype=np.int32).reshape(2, 3), i32(3, 0, -1, 5, 6, 2).reshape(2, 3)
    wanted = [
        [meaning(2 * a, b) for a, b in zip(*rows, strict=True)]
        for rows in zip(x.tolist(), y.tolist(), strict=True)
    ]
    assert results(program, x, y, i32(10)[0]) == [wanted]


def test_a_body_may_compute_in_a_wider_type():
    program = """
    func.func @main(%x: tensor<2x200xi8>, %init: tensor<i8>) -> tensor<2xi32> {
      %r = "stablehlo.reduce"(%x, %init) ({
        ^bb0(%a: tensor<i32>, %b: tensor<i32>):
          %s = stablehlo.add %a, %b : tensor<i32>
          stablehlo.return %s : tensor<i32>
      }) {dimensions = array<i64: 1>} : (tensor<2x200xi8>, tensor<i8>) -> tensor<2xi32>
      return %r : tensor<2xi32>
    }
    """
    x = np.stack([np.full(200, 100, np.int8), np.arange(200).astype(np.int8)])
    wanted = (x.astype(np.int32).sum(axis=1) - 7).tolist()
    assert results(program, x, np.int8(-7)) == [wanted]
