"""Programs made from rules: left-hand sides, near-misses of them, and inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from compiler.build import Builder
from compiler.dtypes import ALL, I1, DType
from compiler.ir import Array, Module, TensorType, module
from compiler.lower import lower
from compiler.nest.interp import run
from compiler.rewrite import Trace
from compiler.rules import Rule
from compiler.rules.greedy import RuleSet, rewrite_module
from compiler.rules.plant import plant
from compiler.rules.term import Const, Tensor, Term
from compiler.rules.values import Dims
from verify.gen.chooser import Chooser, RandomChooser
from verify.gen.instance import Unfit, build
from verify.gen.sample import Sampler

FLOATS = (0.0, -0.0, 1.0, -1.5, 3.25, float("inf"), float("-inf"), float("nan"), 1e-3, -7.0)


@dataclass(frozen=True, slots=True)
class Instance:
    """A left-hand side on typed variables; ``holds`` says whether the rule must fire on it."""

    rule: Rule
    lhs: Term
    params: dict[str, TensorType]
    holds: bool


def draw(rule: Rule, chooser: Chooser, dtype: DType) -> Instance:
    """What the fuzzer plants too. Unfit where the choices do not work out."""
    sampler = Sampler(rule, chooser, dtype)
    made = sampler.run()
    graph = build(made.lhs, made.leaves)
    # A constant without elements has no value that a pattern could match.
    empty = any(n.op == "constant" and not n.type.size for n in graph.nodes)
    holds = made.holds and sampler.bound[rule.subject].dtype in rule.dtypes and not empty
    return Instance(rule, made.lhs, made.leaves, holds)


def instances(
    rule: Rule, count: int, *, holds: bool, dtype: DType | None = None, draws: int = 300
) -> list[Instance]:
    """Up to ``count`` instances to which the rule applies (or does not)."""
    chooser, out = RandomChooser(crc32(f"{rule.name} {holds} {dtype}".encode())), []
    for _ in range(draws):
        chosen = dtype or rule.dtypes[chooser.below(len(rule.dtypes))]
        try:
            made = draw(rule, chooser, chosen)
        except Unfit:
            continue
        if made.holds is holds:
            out.append(made)
            if len(out) == count:
                break
    return out


def program(lhs: Term, params: dict[str, TensorType]) -> Module:
    """A function that returns the term on its tensor variables."""
    b = Builder(list(params.values()))
    return module(b.graph([plant(lhs, b, {n: k for k, n in enumerate(params)})]))


def apply_rule(rule: Rule, m: Module) -> tuple[Module, Trace]:
    """The module after the rule alone."""
    trace = Trace()
    return rewrite_module(m, RuleSet(lambda r: r is rule), "test", trace), trace


def near_misses(rule: Rule) -> Iterator[tuple[str, Term, dict[str, TensorType]]]:
    """Programs that look like the left side and are not: (what is wrong, term, parameters)."""
    for made in instances(rule, 3, holds=False, draws=200):
        yield "guard", made.lhs, made.params
    for dtype in ALL:
        if dtype not in rule.dtypes:
            for made in instances(rule, 1, holds=False, dtype=dtype, draws=5):
                yield f"dtype {dtype}", made.lhs, made.params
    for made in instances(rule, 3, holds=True):
        yield from _mutants(made)


def _mutants(made: Instance) -> Iterator[tuple[str, Term, dict[str, TensorType]]]:
    seen: dict[str, int] = {}
    for path, term in _paths(made.lhs, ()):
        fresh: Tensor | None = None
        what = ""
        if isinstance(term, Const) and not term.name and isinstance(term.value, int | float):
            other: object = 0 if term.value else 1
            yield "constant", _replaced(made.lhs, path, Const(other)), made.params
        elif isinstance(term, Const) and term.name:
            what, fresh = "variable", Tensor("fresh", term.shape, term.dtype)
        elif isinstance(term, Tensor):
            seen[term.name] = seen.get(term.name, 0) + 1
            if seen[term.name] == 2:
                what, fresh = "other variable", Tensor("fresh", term.shape, term.dtype)
        elif path and term.args:
            t = _type(term, made.params)
            what, fresh = "operand", Tensor("fresh", t.shape, t.dtype)
        if fresh is not None:
            shape = tuple(int(n) for n in fresh.shape)
            params = {**made.params, "fresh": TensorType(shape, fresh.dtype)}
            yield what, _replaced(made.lhs, path, fresh), params
        if term.op == "concatenate":
            longer = Term(term.op, (*term.args, term.args[0]), term.attrs)
            yield "operands", _replaced(made.lhs, path, longer), made.params
        stated = dict(made.rule.pattern.attrs).get("dimensions")
        if not path and isinstance(stated, Dims) and _type(term.args[0], made.params).rank:
            some = Term(term.op, term.args, (("dimensions", Dims((0,))), *term.attrs[1:]))
            yield "dimensions", _replaced(made.lhs, path, some), made.params


def _type(term: Term, params: dict[str, TensorType]) -> TensorType:
    return program(term, params).main.graph.result_types[0]


def _paths(term: Term, path: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Term]]:
    yield path, term
    for i, a in enumerate(term.args):
        yield from _paths(a, (*path, i))


def _replaced(term: Term, path: Sequence[int], new: Term) -> Term:
    if not path:
        return new
    args = list(term.args)
    args[path[0]] = _replaced(args[path[0]], path[1:], new)
    return Term(term.op, args, term.attrs)


def inputs(params: Sequence[TensorType], seed: int) -> list[Array]:
    """Special and small values of each type."""
    rng = np.random.default_rng(seed)
    out = []
    for t in params:
        if t.dtype.is_float:
            drawn = rng.choice(np.array(FLOATS), t.shape).astype(t.dtype.numpy)
        elif t.dtype is I1:
            drawn = rng.integers(0, 2, t.shape).astype(bool)
        else:
            info = np.iinfo(t.dtype.numpy)
            ends = np.array([info.min, info.max, 0, 1, 2, 5], t.dtype.numpy)
            drawn = rng.choice(ends, t.shape)
        out.append(np.asarray(drawn, t.dtype.numpy).reshape(t.shape))
    return out


def evaluate(m: Module, xs: Sequence[Array]) -> tuple[Array, ...]:
    """Canonical bits: the nest interpreter on the lowering."""
    return run(lower(m), xs)
