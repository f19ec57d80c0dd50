"""scatter and select_and_scatter against the specification's text, element by element."""

import itertools

import numpy as np
import pytest

from compiler.dtypes import ALL
from compiler.ir import Function, Module
from verify.gen import RandomChooser, draw_inputs
from verify.gen.draft import Draft, Library
from verify.gen.scatter import GEN
from verify.ref import evaluate, evaluate_graph


def drawn(op, seed):
    """A program of one op, and inputs."""
    chooser = RandomChooser(seed)
    draft = Draft(chooser, ALL, 200, Library(), [])
    GEN[op](draft)
    made = [v for v, t in enumerate(draft.types) if v not in draft.params]
    count = len(draft.nodes[-1][3])
    module = Module((Function("main", draft.graph(made[-count:])),))
    return module, draw_inputs(chooser, module, ("exact", "normal", "special")[seed % 3])


def operands(module, inputs):
    """The last op of a program, its operands and its captures."""
    graph = module.main.graph
    node = graph.nodes[-1]
    before = Module((Function("main", type(graph)(graph.params, graph.nodes[:-1], node.uses)),))
    return node, evaluate(before, inputs)


def run(body, *args):
    return evaluate_graph(None, body, [np.asarray(x) for x in args])


def same(a, b):
    return a.dtype == b.dtype and (a.tobytes() == b.tobytes() or bool(np.all((a == b) | (a != a))))


def spelled_out(node, args):
    """As the specification has it, its names included."""
    n = len(node.types)
    inputs, scatter_indices, updates = args[:n], args[n], args[n + 1 : 2 * n + 1]
    captures = args[2 * n + 1 :]
    window, vector = node.attr("update_window_dims"), node.attr("index_vector_dim")
    inserted, batching = node.attr("inserted_window_dims"), node.attr("input_batching_dims")
    results = [x.astype(t.dtype.numpy) for x, t in zip(inputs, node.types, strict=True)]
    rank = inputs[0].ndim
    for update_index in np.ndindex(updates[0].shape):
        scatter_index = [i for d, i in enumerate(update_index) if d not in window]
        if vector < scatter_indices.ndim:
            at = (*scatter_index[:vector], slice(None), *scatter_index[vector:])
            start_index = [int(i) for i in scatter_indices[at]]
        else:
            start_index = [int(scatter_indices[tuple(scatter_index)])]
        result_index = [0] * rank
        for d_start, d_input in enumerate(node.attr("scatter_dims_to_operand_dims")):
            result_index[d_input] += start_index[d_start]
        for i, d_batching in enumerate(node.attr("scatter_indices_batching_dims")):
            result_index[batching[i]] += scatter_index[d_batching - (d_batching > vector)]
        window_index = [update_index[d] for d in window]
        for d in range(rank):
            if d not in inserted and d not in batching:
                result_index[d] += window_index.pop(0)
        place = tuple(result_index)
        if all(0 <= i < size for i, size in zip(place, inputs[0].shape, strict=True)):
            old = [x[place] for x in results]
            new = [u[update_index].astype(x.dtype) for u, x in zip(updates, results, strict=True)]
            for x, value in zip(results, run(node.regions[0], *old, *new, *captures), strict=True):
                x[place] = value
    return results


@pytest.mark.parametrize("seed", range(120))
def test_scatter(seed):
    module, inputs = drawn("scatter", seed)
    node, args = operands(module, inputs)
    for got, wanted in zip(evaluate(module, inputs), spelled_out(node, args), strict=True):
        assert same(got, wanted)


def selected(node, args):
    operand, source, init = args
    result = np.full(operand.shape, init)
    for window in np.ndindex(source.shape):
        best = None
        for offset in itertools.product(*map(range, node.attr("window_dimensions"))):
            steps = zip(
                window, node.attr("window_strides"), offset, node.attr("padding"), strict=True
            )
            place = tuple(w * s + o - low for w, s, o, (low, _) in steps)
            if not all(0 <= i < n for i, n in zip(place, operand.shape, strict=True)):
                continue
            if best is None or not run(node.regions[0], operand[best], operand[place])[0]:
                best = place
        if best is not None:
            result[best] = run(node.regions[1], result[best], source[window])[0]
    return result


@pytest.mark.parametrize("seed", range(60))
def test_select_and_scatter(seed):
    module, inputs = drawn("select_and_scatter", seed)
    node, args = operands(module, inputs)
    assert same(evaluate(module, inputs)[0], selected(node, args))
