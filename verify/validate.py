"""Validation of a before/after pair: do two whole modules compute the same, and if not bit for bit,
under which contract?

Shapes are concrete, elements symbolic. First random inputs try to tell the two apart in the
reference interpreter; then the outputs are compared at an arbitrary index, in the readings of
:mod:`verify.smt.scalar` from the weakest to the strongest: abstract (rewrites of layout, fusion,
order of independent ops), bits, reals. Calls and composites are looked into; reductions and dots
are compared by normal form.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compiler.contract import Contract
    from compiler.ir import Array, Module
    from verify.smt.equal import Answer
    from verify.smt.replay import Counterexample

LIMIT = 30_000_000  # work of one query to the solver; see verify.smt.solver
TRIES = 24


@dataclass(frozen=True, slots=True)
class Validation:
    """What holds of a pair of modules.

    Attributes:
        verdict: ``bit-exact``, ``equal-over-reals``, ``refuted`` or ``unknown``.
        needs: the contract under which they are equal, in words; empty for ``bit-exact`` and where
            none is known.
        counterexample: inputs on which they differ, for ``refuted``.
        ms: time taken.
        notes: why the verdict is unknown.
    """

    verdict: str
    needs: str = ""
    counterexample: Counterexample | None = None
    ms: float = 0.0
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """The document of ``assay validate --json``."""
        return {
            "verdict": self.verdict,
            "needs": self.needs,
            "counterexample": self.counterexample.to_json() if self.counterexample else None,
            "ms": round(self.ms, 1),
            "notes": list(self.notes),
        }


def validate(before: Module, after: Module, *, limit: int = LIMIT, seed: int = 0) -> Validation:
    """Compare two modules with the same parameters and results.

    Args:
        limit: work of one solver query at most; see :mod:`verify.smt.solver`.
        seed: of the random inputs.
    Raises InputError where the entry functions differ in their types.
    """
    from compiler.errors import InputError

    start = time.perf_counter()
    a, b = before.main.graph, after.main.graph
    if a.params != b.params or a.result_types != b.result_types:
        raise InputError(
            "the entry functions take or return different types: there is nothing to compare"
        )
    found = _validate(before, after, limit, seed)
    ms = 1000 * (time.perf_counter() - start)
    return Validation(found.verdict, found.needs, found.counterexample, ms, found.notes)


def _validate(before: Module, after: Module, limit: int, seed: int) -> Validation:
    if before.main == after.main and before.functions == after.functions:
        return Validation("bit-exact")
    example = _random_difference(before, after, seed)
    if example is None:
        found = _outputs(before, after, "bits", False, limit)
        if (
            found.status == "proved"
            or _outputs(before, after, "abstract", False, limit).status == "proved"
        ):
            return Validation("bit-exact")
        example = _from_model(before, after, found)
        if example is None:
            reason = found.reason or "a model was found, but it does not replay in the interpreter"
            return Validation("unknown", "", None, 0.0, (reason,))
    # The bits differ. As numbers, too?
    wrong = _numbers_differ(before, after, seed)
    if wrong is not None:
        return Validation("refuted", "", wrong)
    if _outputs(before, after, "reals", True, limit).status == "proved":
        return Validation("equal-over-reals", _needs(before, after, seed), example)
    if not _rounds(before, after):
        return Validation("refuted", "", example)
    note = f"the bits differ, by no more than {_ANY} allows: {example.why}"
    return Validation("unknown", "", example, 0.0, (note,))


def _random_difference(before: Module, after: Module, seed: int) -> Counterexample | None:
    """Inputs on which the interpreter tells the two apart bit for bit."""
    import numpy as np

    from verify.smt.replay import random_elements, run

    rng = np.random.default_rng(seed)
    for k in range(TRIES):
        inputs = [random_elements(rng, t, 0.3 * (k % 2)) for t in before.main.graph.params]
        found = run(before, after, inputs, canonical=False)
        if found is not None:
            return found
    return None


def _numbers_differ(before: Module, after: Module, seed: int) -> Counterexample | None:
    """Inputs on which ``after`` leaves what any rounding, order and reciprocal of ``before`` could
    give.
    """
    import numpy as np

    from compiler.errors import AssayError
    from verify.bounds import enclose
    from verify.oracle import judge
    from verify.smt.replay import random_elements, run

    rng = np.random.default_rng(seed)
    for k in range(TRIES):
        inputs: list[Array] = []
        for t in before.main.graph.params:
            plain = random_elements(rng, t, 0.0)
            small = t.dtype.is_float and k % 2
            inputs.append(rng.integers(-3, 4, t.shape).astype(t.dtype.numpy) if small else plain)
        found = run(before, after, inputs, canonical=False)
        if found is None:
            continue
        try:
            enclosed = enclose(before, inputs, _any_contract())
            if judge(found.right, enclosed, _any_contract()).kind == "violation":
                return found
        except AssayError:
            return None  # an op without an error bound
    return None


_ANY = "nsz arcp contract afn reassoc"


def _any_contract() -> Contract:
    from compiler.contract import allow

    return allow(*_ANY.split())


def _rounds(*modules: Module) -> bool:
    """Whether floats are computed at all: integers and moved elements have one right value."""
    floats = [
        n
        for m in modules
        for f in m.functions
        for n in f.graph.nodes
        if any(t.dtype.is_float for t in n.types)
    ]
    return any(n.op in ("reduce", "dot_general") or _computes(n.op) for n in floats)


def _computes(op: str) -> bool:
    from compiler.ops import OPS

    return OPS[op].elementwise and op not in (
        "select",
        "negate",
        "abs",
        "maximum",
        "minimum",
        "clamp",
    )


def _outputs(before: Module, after: Module, reading: str, reorder: bool, limit: int) -> Answer:
    """Whether all outputs are equal at an arbitrary index."""
    import z3

    from verify.smt.equal import PROVED, UNKNOWN, Answer, Decider
    from verify.smt.graphs import evaluate_graph
    from verify.smt.integers import in_range
    from verify.smt.symbols import input_tensor
    from verify.smt.tensor import Env, Unknown

    env = Env(reading, reorder)
    params = before.main.graph.params
    inputs = [input_tensor(f"in{k}", t.shape, t.dtype, reading) for k, t in enumerate(params)]
    found = Answer(PROVED)
    try:
        left = evaluate_graph(env, before.main.graph, inputs, before)
        right = evaluate_graph(env, after.main.graph, inputs, after)
        decider = Decider(env, [], limit, 6 * limit, descend=True)
        for x, y in zip(left, right, strict=True):
            if 0 in x.shape:
                continue
            # A dimension of size 1 has the one index 0: no question for the solver.
            index = tuple(0 if n == 1 else z3.Int(f"i{k}") for k, n in enumerate(x.shape))
            found = decider.equal(x.at(index), y.at(index), in_range(index, x.shape))
            if found.status != PROVED:
                return found
    except Unknown as e:
        return Answer(UNKNOWN, reason=str(e))
    except RecursionError:
        return Answer(UNKNOWN, reason="the graph is too deep")
    return found


def _from_model(before: Module, after: Module, found: Answer) -> Counterexample | None:
    """The inputs of a model of the reading of bits, if they tell the two apart."""
    import numpy as np

    from verify.smt.replay import LARGEST, run, scalar_value
    from verify.smt.symbols import input_tensor

    params = before.main.graph.params
    if found.model is None or any(t.size > LARGEST for t in params):
        return None
    inputs = []
    for k, t in enumerate(params):
        tensor = input_tensor(f"in{k}", t.shape, t.dtype, "bits")
        x = np.zeros(t.shape, t.dtype.numpy)
        for index in np.ndindex(*t.shape):
            x[index] = scalar_value(
                found.model.eval(tensor.at(index), model_completion=True), t.dtype
            )
        inputs.append(x)
    return run(before, after, inputs)


def _needs(before: Module, after: Module, seed: int) -> str:
    """The flags that an equality of reals rests on, judged by the ops that occur and by special
    inputs.
    """
    from compiler.contract import allow
    from compiler.ops import OPS

    ops = {n.op for m in (before, after) for f in m.functions for n in f.graph.nodes}
    flags = {"reassoc"} | _special_flags(before, after, seed)
    if "divide" in ops:
        flags.add("arcp")
    if any("transcendental" in OPS[op].traits for op in ops):
        flags.add("afn")
    return str(allow(*flags))


def _special_flags(before: Module, after: Module, seed: int) -> set[str]:
    """``nnan`` if a NaN in an input is lost or made, ``nsz`` if the sign of a zero changes."""
    import numpy as np

    from verify.ref import evaluate

    rng = np.random.default_rng(seed)
    flags: set[str] = set()
    for _ in range(TRIES):
        inputs: list[Array] = []
        for t in before.main.graph.params:
            x = rng.integers(0 if t.dtype.kind in ("bool", "uint") else -2, 2, t.shape)
            special = (
                np.where(rng.random(t.shape) < 0.2, np.nan, np.where(x == 0, -0.0, x))
                if t.dtype.is_float
                else x
            )
            inputs.append(special.astype(t.dtype.numpy))
        with np.errstate(all="ignore"):
            pairs = zip(evaluate(before, inputs), evaluate(after, inputs), strict=True)
        for a, b in ((a, b) for a, b in pairs if a.dtype.kind not in "biu"):
            if np.any(np.isnan(a) != np.isnan(b)):
                flags.add("nnan")
            if np.any((a == 0) & (b == 0) & (np.signbit(a) != np.signbit(b))):
                flags.add("nsz")
    return flags
