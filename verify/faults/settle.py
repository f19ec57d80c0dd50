"""Whether rewriting still ends with a fault switched on."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.build import Builder
from compiler.dtypes import I1
from compiler.errors import AssayError
from compiler.ir import Graph, module
from compiler.pipeline import PASSES
from compiler.rewrite import Trace
from verify.faults.base import Fault
from verify.faults.shadow import APPLYING
from verify.gen.plants import TEMPLATES, template


def unsettled(fault: Fault) -> str:
    """What goes wrong when the rules run on the templates of ``fault.rule``: its left sides and
    near-misses, also with constants for their parameters. Empty if nothing does.

    An application adds few ops, and each op is simplified once; so as many applications as ops,
    times a handful, is a circle. The rewriter has fuel for 100 and 20 for each op.
    """
    for index in range(TEMPLATES):
        for graph in _with_constants(template(fault.rule, index)):
            program, trace = module(graph), Trace()
            try:
                with fault.install():
                    for name in APPLYING:
                        program = PASSES[name].run(program, trace)
            except (AssayError, RecursionError) as e:
                return f"right as a rule, but rewriting fails: {type(e).__name__}"
            if len(trace.applications) >= 100:
                return "right as a rule, but rewriting goes in circles"
    return ""


def _with_constants(graph: Graph) -> Iterator[Graph]:
    """The graph, and graphs with constants for some parameters: rules that ask for values that
    vary are those that would run in circles.
    """
    yield graph
    count = len(graph.params)
    alone = [{k} for k in range(count)] if count > 1 else []
    for chosen in [set(range(count)), *alone]:
        b = Builder([t for k, t in enumerate(graph.params) if k not in chosen])
        rest = iter(range(count))
        number = [
            b.splat(t, t.dtype is I1 or k + 2) if k in chosen else next(rest)
            for k, t in enumerate(graph.params)
        ]
        for node in graph.nodes:
            operands = tuple(number[v] for v in node.operands)
            first = b.add(node._replace(operands=operands))
            number.extend(range(first, first + len(node.types)))
        yield b.graph([number[v] for v in graph.results])
