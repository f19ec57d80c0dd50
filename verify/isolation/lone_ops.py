"""Which op is to blame for a wrong back end: each is lowered or compiled alone.

An op gets the reference's values of its operands, so an earlier wrong op cannot cast suspicion on a
later one. Fused ops are tried one by one before the fused group; the ops of a reduction's body
before the reduction itself, and those of branches and loops as they are entered first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from compiler.ir import Array, Graph, Module, Node, TensorType, module
from compiler.pipeline import Options
from compiler.regions import CONTROL
from verify.arrays import same_bits
from verify.examine import FAILURES, examine
from verify.isolation.edits import callee, inlined
from verify.isolation.slices import alone, every_value, with_main
from verify.oracle import judge
from verify.ref import TRIPS, evaluate

Wrong = Callable[[Module, Sequence[Array]], bool]
SAMPLES = 64  # elements of a reduction's input that its body's ops are tried on


def wrong_lowering(program: Module, inputs: Sequence[Array]) -> bool:
    """Whether the nests of ``program`` compute something else than it means (or there are none).

    A fused group is also held against its own ops lowered one by one, bit for bit.
    """
    from verify.bounds import enclose

    try:
        outputs = interpret(program, inputs)
    except Exception:
        return True
    verdict = judge(outputs, enclose(program, inputs))
    if str(verdict.kind) in FAILURES:
        return True
    flat = inlined(program)
    return flat != program and differ(outputs, interpret(flat, inputs))


def wrong_code(program: Module, inputs: Sequence[Array]) -> bool:
    """Whether the unoptimised machine code of ``program`` fails."""
    return examine(program, inputs, "assay", Options(level=0)).failed


def interpret(program: Module, inputs: Sequence[Array]) -> tuple[Array, ...]:
    """The nest interpreter on the lowering of ``program``; TripsError where a loop has no end."""
    from compiler.lower import lower
    from compiler.nest.interp import run

    return run(lower(program), inputs, trips=TRIPS)


def differ(a: Sequence[Array], b: Sequence[Array]) -> bool:
    """Whether two lists of outputs differ in canonical bits."""
    return len(a) != len(b) or not all(map(same_bits, a, b))


def guilty_op(program: Module, inputs: Sequence[Array], wrong: Wrong) -> tuple[str, int]:
    """Name of the first op for which ``wrong`` holds alone (empty for none), and the tests used."""
    spent = 0
    for form in dict.fromkeys((inlined(program), program)):
        try:
            values = every_value(form, inputs)
        except Exception:
            continue
        for i, node in enumerate(form.main.graph.nodes):
            spent += 1
            single, operands = alone(form, i, values)
            if wrong(single, operands):
                inner, tried = _inside(form, node, [values[v] for v in node.uses], wrong)
                return inner or _name(node), spent + tried
    return "", spent


def _inside(
    program: Module, node: Node, operands: Sequence[Array], wrong: Wrong
) -> tuple[str, int]:
    """Name of the first op in a region for which ``wrong`` holds alone, and the tests used."""
    spent = 0
    if node.op not in CONTROL:
        for name, single, values in _body_ops(node, operands):
            spent += 1
            if wrong(single, values):
                return name, spent
        return "", spent
    for region, values in _entered(program, node, operands):
        name, tried = guilty_op(region, values, wrong)
        spent += tried
        if name:
            return name, spent
    return "", spent


def _entered(
    program: Module, node: Node, operands: Sequence[Array]
) -> Iterator[tuple[Module, list[Array]]]:
    """The regions that an op of control flow enters first, as programs with what they are given."""
    if node.op == "while":
        cond, body = (with_main(program, r) for r in node.regions)
        yield cond, list(operands)
        if evaluate(cond, operands)[0]:
            yield body, list(operands)
        return
    captures = list(operands[1:])
    last = len(node.regions) - 1
    index = (0 if operands[0] else 1) if node.op == "if" else int(operands[0])
    yield with_main(program, node.regions[index if 0 <= index <= last else last]), captures


def _name(node: Node) -> str:
    return str(node.attr("name")) if node.op == "composite" else node.op


def _body_ops(node: Node, operands: Sequence[Array]) -> Iterator[tuple[str, Module, list[Array]]]:
    """Each op of a reduction's body as a program over vectors of the reduction's own inputs."""
    for region in node.regions:
        for n in region.nodes:
            types = [region.types[v] for v in n.operands]
            if n.regions or n.captures or callee(n) or not n.operands:
                continue
            arrays = [_sample(operands, t, k) for k, t in enumerate(types)]
            if any(x is None for x in arrays):
                continue
            given = [x for x in arrays if x is not None]
            size = min(x.size for x in given)
            shape = (size,)
            vector = n._replace(
                operands=tuple(range(len(given))),
                types=tuple(TensorType(shape, t.dtype) for t in n.types),
            )
            params = tuple(TensorType(shape, t.dtype) for t in types)
            results = tuple(range(len(given), len(given) + len(n.types)))
            yield n.op, module(Graph(params, (vector,), results)), [x[:size] for x in given]


def _sample(operands: Sequence[Array], t: TensorType, shift: int) -> Array | None:
    """Some elements of the reduction's inputs of the right dtype, turned by ``shift`` places."""
    flat = [x.reshape(-1)[:SAMPLES] for x in operands if x.dtype == t.dtype.numpy and x.size]
    return np.roll(np.concatenate(flat), shift) if flat else None
