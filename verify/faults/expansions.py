"""Bugs in expansions: random bits, triangular systems, normalisation, top_k."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from compiler.expand import EXPANSIONS
from compiler.expand import chlo as expand_chlo
from compiler.expand import random as expand_random
from compiler.expand.emit import Emit, Value
from compiler.expand.norm import Batch
from compiler.ir import Node
from verify.faults.base import Install, changed, declare, exchanged, patched


def expanded(op: str, make: Callable[[Any], Any]) -> Install:
    """A fault that wraps the expansion of ``op``."""
    return exchanged(EXPANSIONS, op, make)


def _one_step(old: Callable[..., Any]) -> Callable[..., Any]:
    """The state moves on by one, however many blocks were drawn."""

    def generate(state: Sequence[Value], *rest: Any) -> Any:
        new, bits = old(state, *rest)
        return [new[0], state[1] + 1, *new[2:]], bits

    return generate


def _halves_swapped(old: Callable[[Value, Value], Value]) -> Callable[[Value, Value], Value]:
    return lambda low, high: old(high, low)


def _same_triangle(old: Callable[..., Any]) -> Callable[..., Any]:
    """A matrix that is transposed is taken to have its triangle where it was."""

    def run(emit: Emit, node: Node, operands: Sequence[Value]) -> Any:
        turns = (node.attr("transpose_a") == "NO_TRANSPOSE") != node.attr("left_side")
        lower = node.attr("lower") != turns
        return changed(lower=lambda _node: lower)(old)(emit, node, operands)

    return run


def _epsilon_outside(_old: Any) -> Any:
    """``sqrt(variance) + epsilon``."""
    return lambda self, variance: self.emit.op("sqrt", variance) + self.epsilon


def _unbiased(_old: Any) -> Any:
    """The variance is that of a sample: divided by one less than there are elements."""

    def run(emit: Emit, node: Node, operands: Sequence[Value]) -> Any:
        b = Batch(emit, node, operands)
        x, scale, offset = b.operands
        mean = b.total(x) / b.count
        centered = x - b.feature(mean)
        variance = b.total(centered * centered) / (b.count - 1)
        return b.results(b.normal(x, scale, offset, mean, variance), mean, variance)

    return run


def _unsigned_products(old: Callable[..., Any]) -> Callable[..., Any]:
    """Negative factors are widened with zeros."""

    def run(emit: Emit, node: Node, operands: Sequence[Value]) -> Any:
        if node.type.dtype.kind != "int":
            return old(emit, node, operands)
        bits = expand_chlo._unsigned(node.type.dtype)
        a, b = (x.bitcast(bits) for x in operands)
        return old(emit, node._replace(types=(node.type._replace(dtype=bits),)), [a, b]).bitcast(
            node.type.dtype
        )

    return run


declare(
    "rng-state-moves-by-one",
    "random state",
    "rng_bit_generator with THREE_FRY moves its state on by one block, not by those drawn",
    blame=("expand", "*rng_bit_generator"),
    install=patched(expand_random, "_three_fry", _one_step),
    source="arrayfire/arrayfire#2007: counters of Philox and Threefry repeat",
)
declare(
    "rng-philox-state-stuck",
    "random state",
    "rng_bit_generator with PHILOX moves its state on by one block, not by those drawn",
    blame=("expand", "*rng_bit_generator"),
    install=patched(expand_random, "_philox", _one_step),
    source="JuliaRandom/Random123.jl#5: the second counter of Philox stays",
)
declare(
    "rng-halves-swapped",
    "operands swapped",
    "rng_bit_generator of 64 bits exchanges the lower and the upper word",
    blame=("expand", "*rng_bit_generator"),
    install=patched(expand_random, "_joined", _halves_swapped),
    source="uxlfoundation/oneDPL#1905: words of the Philox counter misplaced",
)
declare(
    "triangular-transpose-keeps-triangle",
    "wrong axis",
    "triangular_solve by a transposed matrix looks for its triangle where it was",
    blame=("expand", "*triangular_solve"),
    install=expanded("triangular_solve", _same_triangle),
    source="ekzhang/jax-js#73: triangular_solve reads the wrong half with transpose_a",
)
declare(
    "unit-diagonal-read",
    "wrong value",
    "triangular_solve reads a diagonal that it must take for ones",
    blame=("expand", "*triangular_solve"),
    install=expanded("triangular_solve", changed(unit_diagonal=lambda _node: False)),
    source="pytorch/pytorch#88890: wrong triangular_solve with unitriangular",
)
declare(
    "batch-norm-epsilon-outside",
    "wrong algebra",
    "batch normalisation adds epsilon to the root instead of the variance",
    blame=("expand", "*batch_norm*"),
    install=patched(Batch, "root", _epsilon_outside),
    source="Shen et al., A Comprehensive Study of DL Compiler Bugs, ESEC/FSE 2021",
)
declare(
    "batch-norm-variance-of-sample",
    "off by one",
    "batch_norm_training divides squares by one less than there are elements",
    blame=("expand", "*batch_norm_training"),
    install=expanded("batch_norm_training", _unbiased),
    source="NVIDIA/TensorRT-Incubator#241: wrong divisor of an average",
)
declare(
    "mulhi-zero-extends",
    "wrong signedness",
    "mulhi of negative integers widens them with zeros",
    blame=("expand", "*chlo.mulhi"),
    install=expanded("chlo.mulhi", _unsigned_products),
    source="openxla/xla#4491: an index of ui8 above 127 read as negative",
)
