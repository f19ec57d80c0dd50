"""Validation of a before/after pair: do two whole modules compute the same, and if not bit for bit, under which contract?

Shapes are concrete, elements symbolic. First random inputs try to tell the two apart in the reference interpreter; then the
outputs are compared at an arbitrary index, in the readings of :mod:`verify.smt.scalar` from the weakest to the strongest:
abstract (rewrites of layout, fusion, order of independent ops), bits, reals. Calls and composites are looked into; reductions
and dots are compared by normal form.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compiler.ir import Array, Module
    from verify.smt.equal import Answer
    from verify.smt.replay import Counterexample

LIMIT_MS = 10_000
TRIES = 24


@dataclass(frozen=True, slots=True)
class Validation:
    """What holds of a pair of modules.

    Attributes:
        verdict: ``bit-exact``, ``equal-over-reals``, ``refuted`` or ``unknown``.
        needs: the contract under which they are equal, in words; empty for ``bit-exact`` and where none is known.
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


def validate(before: Module, after: Module, *, limit_ms: int = LIMIT_MS, seed: int = 0) -> Validation:
    """Compare two modules with the same parameters and results.

    Args:
        limit_ms: time limit of one solver query.
        seed: of the random inputs.
    Raises InputError where the entry functions differ in their types.
    """
    from compiler.errors import InputError

    start = time.perf_counter()
    a, b = before.main.graph, after.main.graph
    if a.params != b.params or a.result_types != b.result_types:
        raise InputError("the entry functions take or return different types: there is nothing to compare")
    found = _validate(before, after, limit_ms, seed)
    ms = 1000 * (time.perf_counter() - start)
    return Validation(found.verdict, found.needs, found.counterexample, ms, found.notes)


def _validate(before: Module, after: Module, limit_ms: int, seed: int) -> Validation:
    if before.main == after.main and before.functions == after.functions:
        return Validation("bit-exact")
    example = _random_difference(before, after, seed)
    if example is None:
        tries = [_outputs(before, after, reading, False, limit_ms) for reading in ("abstract", "bits")]
        if any(t.status == "proved" for t in tries):
            return Validation("bit-exact")
        example = _from_models(before, after, tries)
        reason = next((t.reason for t in tries if t.reason), "")
    else:
        reason = ""
    numbers = example is None or not _numbers_differ(before, after, seed)
    if numbers and _outputs(before, after, "reals", True, limit_ms).status == "proved":
        return Validation("equal-over-reals", _needs(before, after, seed), example)
    if example is not None:
        return Validation("refuted", "", example)
    return Validation("unknown", "", None, 0.0, (reason or "models were found, but none replays in the interpreter",))


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


def _numbers_differ(before: Module, after: Module, seed: int) -> bool:
    """Whether they differ on small integers in float inputs, where sums and products are exact."""
    import numpy as np

    from verify.smt.replay import random_elements, run

    rng = np.random.default_rng(seed)
    for _ in range(TRIES // 3):
        inputs: list[Array] = []
        for t in before.main.graph.params:
            plain = random_elements(rng, t, 0.0)
            inputs.append(rng.integers(-3, 4, t.shape).astype(t.dtype.numpy) if t.dtype.is_float else plain)
        if run(before, after, inputs, exact=False, canonical=False) is not None and _only_rings(before, after):
            return True
    return False


_EXACT_ON_INTEGERS = frozenset(["add", "subtract", "multiply", "negate", "abs", "maximum", "minimum", "select", "compare"])


def _only_rings(*modules: Module) -> bool:
    """Whether small integers stay exact: no division, no transcendental function, no constant that is no integer."""
    from compiler.ops import OPS

    for m in modules:
        for f in m.functions:
            for n in f.graph.nodes:
                if OPS[n.op].elementwise and n.op not in _EXACT_ON_INTEGERS:
                    return False
                if n.op == "constant" and n.type.dtype.is_float and not _integers(n.attr("value").array()):
                    return False
    return True


def _integers(x: Array) -> bool:
    import numpy as np

    y = x.astype(np.float64)
    return bool(np.all(np.isfinite(y) & (y == np.round(y)) & (abs(y) <= 8)))


def _outputs(before: Module, after: Module, reading: str, reorder: bool, limit_ms: int) -> Answer:
    """Whether all outputs are equal at an arbitrary index."""
    import z3

    from verify.smt.claims import input_tensor
    from verify.smt.equal import PROVED, UNKNOWN, Answer, Decider
    from verify.smt.graphs import evaluate_graph
    from verify.smt.integers import in_range
    from verify.smt.tensor import Env, Unknown

    env = Env(reading, reorder)
    params = before.main.graph.params
    inputs = [input_tensor(f"in{k}", t.shape, t.dtype, reading) for k, t in enumerate(params)]
    found = Answer(PROVED)
    try:
        left = evaluate_graph(env, before.main.graph, inputs, before)
        right = evaluate_graph(env, after.main.graph, inputs, after)
        decider = Decider(env, [], limit_ms)
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


def _from_models(before: Module, after: Module, tries: list[Answer]) -> Counterexample | None:
    """The inputs of a model of the reading of bits, if they tell the two apart."""
    import numpy as np

    from verify.smt.claims import input_tensor
    from verify.smt.replay import LARGEST, run, scalar_value

    model = tries[-1].model
    params = before.main.graph.params
    if model is None or any(t.size > LARGEST for t in params):
        return None
    inputs = []
    for k, t in enumerate(params):
        tensor = input_tensor(f"in{k}", t.shape, t.dtype, "bits")
        x = np.zeros(t.shape, t.dtype.numpy)
        for index in np.ndindex(*t.shape):
            x[index] = scalar_value(model.eval(tensor.at(index), model_completion=True), t.dtype)
        inputs.append(x)
    return run(before, after, inputs)


def _needs(before: Module, after: Module, seed: int) -> str:
    """The flags that an equality of reals rests on, judged by the ops that occur and by special inputs."""
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
            special = np.where(rng.random(t.shape) < 0.2, np.nan, np.where(x == 0, -0.0, x)) if t.dtype.is_float else x
            inputs.append(special.astype(t.dtype.numpy))
        with np.errstate(all="ignore"):
            pairs = zip(evaluate(before, inputs), evaluate(after, inputs), strict=True)
        for a, b in ((a, b) for a, b in pairs if a.dtype.kind not in "biu"):
            if np.any(np.isnan(a) != np.isnan(b)):
                flags.add("nnan")
            if np.any((a == 0) & (b == 0) & (np.signbit(a) != np.signbit(b))):
                flags.add("nsz")
    return flags
