"""sort against Python's own, which is stable, with the comparator run for each pair."""

from functools import cmp_to_key

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import ALL, F32, I32
from compiler.ir import Function, Module, TensorType, module
from verify.gen import RandomChooser, draw_inputs
from verify.gen.draft import Draft, Library
from verify.gen.sort import GEN
from verify.ref import evaluate, evaluate_graph


def ordered(node, args):
    """Each line as Python sorts it."""
    count, dim = len(node.types), node.attr("dimension")
    columns, captures = [np.moveaxis(x, dim, -1) for x in args[:count]], args[count:]
    results = [x.copy() for x in columns]

    def less(a, b):
        pairs = [np.asarray(v) for x in columns for v in (x[a], x[b])]
        return bool(evaluate_graph(None, node.regions[0], [*pairs, *captures])[0])

    for line in np.ndindex(columns[0].shape[:-1]):
        places = [(*line, k) for k in range(columns[0].shape[-1])]
        places.sort(key=cmp_to_key(lambda a, b: less(b, a) - less(a, b)))
        for x, out in zip(columns, results, strict=True):
            out[line] = [x[p] for p in places]
    return [np.moveaxis(x, -1, dim) for x in results]


@pytest.mark.parametrize("seed", range(60))
def test_sort(seed):
    chooser = RandomChooser(seed)
    draft = Draft(chooser, ALL, 60, Library(), [])
    GEN["sort"](draft)
    count = len(draft.nodes[-1][3])
    program = Module((Function("main", draft.graph(range(len(draft.types))[-count:])),))
    inputs = draw_inputs(chooser, program, ("exact", "normal")[seed % 2])
    graph = program.main.graph
    node = graph.nodes[-1]
    before = Module((Function("main", type(graph)(graph.params, graph.nodes[:-1], node.uses)),))
    for got, wanted in zip(
        evaluate(program, inputs), ordered(node, evaluate(before, inputs)), strict=True
    ):
        assert np.ascontiguousarray(got).tobytes() == np.ascontiguousarray(wanted).tobytes()


def sort_by(*ops, dtypes=(F32, I32), n=9):
    """A program that sorts operands by a comparator made of (op, operands, attributes)."""
    b = Builder([TensorType((), d) for d in dtypes for _ in range(2)])
    out = 0
    for op, args, attrs in ops:
        out = b.emit(op, args, **attrs)
    body = b.graph([out])
    b = Builder([TensorType((n,), d) for d in dtypes])
    b.emit("sort", list(range(len(dtypes))), dimension=0, is_stable=True, regions=[body])
    return module(b.graph([len(dtypes) + k for k in range(len(dtypes))]))


@pytest.mark.parametrize("direction", ["LT", "GE", "NE"])
def test_any_comparator_gives_a_permutation(direction):
    """Also one that is no strict weak order, with NaN among the data."""
    program = sort_by(("compare", [0, 1], {"comparison_direction": direction, "compare_type": ""}))
    keys = np.array([3, np.nan, 1, np.nan, 2, 1, 0, np.nan, 5], np.float32)
    _, numbers = evaluate(program, [keys, np.arange(9, dtype=np.int32)])
    assert sorted(numbers) == list(range(9))
