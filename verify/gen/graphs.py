"""Whole programs: steps drawn from a weighted menu until there are enough ops.

The ``GEN`` column holds one proposal function an op: it appends the op to a
:class:`~verify.gen.draft.Draft`, valid by construction. Beside single ops the menu holds patterns
(:mod:`verify.gen.patterns`) and left-hand sides of the compiler's own rules with their near-misses
(:mod:`verify.gen.plants`). Each program keeps to a few steps of the menu most of the time (swarm
testing, Groce et al., ISSTA 2012): so the same op meets itself, and rules fire that a uniform mix
rarely reaches.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from compiler.dtypes import ALL
from compiler.ir import Function, Module
from compiler.ops import OPS
from compiler.ops.elementwise import NUMBERS
from verify.gen import (
    call,
    chlo,
    constant,
    control,
    convert,
    convolution,
    dot,
    dynamic,
    elementwise,
    gather,
    linalg,
    norm,
    random,
    reduce,
    scatter,
    shape,
    sort,
    window,
)
from verify.gen.chooser import Chooser
from verify.gen.draft import BIG_DIMS, DIMS, Draft, Dtypes, Library, Step, with_bool
from verify.gen.patterns import PATTERNS
from verify.gen.plants import plant

GEN: dict[str, Step] = {
    **constant.GEN,
    **elementwise.GEN,
    **convert.GEN,
    **shape.GEN,
    **gather.GEN,
    **dynamic.GEN,
    **reduce.GEN,
    **scatter.GEN,
    **sort.GEN,
    **window.GEN,
    **dot.GEN,
    **convolution.GEN,
    **norm.GEN,
    **linalg.GEN,
    **random.GEN,
    **call.GEN,
    **control.GEN,
    **chlo.GEN,
}

# How often an op is proposed, beside 2 for every other op.
_WEIGHTS = {
    "constant": 3,
    "iota": 3,
    "convert": 8,
    "bitcast_convert": 4,
    "reduce_precision": 3,
    "compare": 6,
    "select": 6,
    "clamp": 4,
    "add": 5,
    "multiply": 5,
    "subtract": 4,
    "divide": 3,
    "maximum": 4,
    "minimum": 4,
    "broadcast_in_dim": 8,
    "reshape": 8,
    "transpose": 8,
    "slice": 6,
    "pad": 6,
    "concatenate": 6,
    "reverse": 5,
    "gather": 5,
    "dynamic_slice": 4,
    "dynamic_update_slice": 4,
    "scatter": 5,
    "sort": 4,
    "reduce": 12,
    "reduce_window": 5,
    "dot_general": 10,
    "convolution": 5,
    "call": 3,
    "composite": 2,
    "while": 3,
    "map": 1,
    "optimization_barrier": 1,
}
# Families with many ops that are seldom wanted share one weight.
_FAMILIES: tuple[tuple[dict[str, Step], int], ...] = (
    (chlo.GEN, 16),
    (dynamic.GEN, 6),
    ({**norm.GEN, **linalg.GEN, **random.GEN}, 4),
)
_PATTERN_WEIGHT = 2
_PLANT_SHARE = 2  # one step in so many
_TURNS = 2  # plants of a program that follow the campaign's round of all rules


@dataclass(frozen=True, slots=True)
class Config:
    """What programs are like.

    Attributes:
        ops: how many ops ``main`` has on average.
        dtypes: element types that may occur; ``i1`` always may.
        limit: how many elements a tensor may have.
        big_limit: the same for the few programs with long dimensions.
        big_share: one program in so many has long dimensions; 0 for none.
        exclude: ops that must not be proposed.
        plants: whether patterns and left-hand sides of rules occur beside single ops;
            only where no dtype and no op is excluded.
    """

    ops: int = 10
    dtypes: Dtypes = ALL
    limit: int = 512
    big_limit: int = 80_000
    big_share: int = 64
    exclude: frozenset[str] = frozenset()
    plants: bool = True


@lru_cache(maxsize=64)
def menu(config: Config) -> tuple[Dtypes, tuple[Step, ...], tuple[Step, ...]]:
    """Dtypes, and the steps for ``main`` and for private functions, repeated by weight; the
    simplest first.
    """
    steps: list[Step] = []
    dtypes = with_bool(config.dtypes)
    shared = {op for family, _ in _FAMILIES for op in family}
    for op, step in GEN.items():
        if op not in config.exclude and op not in shared and _possible(op, dtypes):
            steps += [step] * _WEIGHTS.get(op, 2)
    for family, weight in _FAMILIES:
        some = tuple(s for op, s in family.items() if op not in config.exclude)
        if some and dtypes is ALL:
            steps += [_one_of(some)] * weight
    inner = tuple(steps)
    if config.plants and not config.exclude and dtypes is ALL:
        for step in PATTERNS.values():
            steps += [step] * _PATTERN_WEIGHT
        steps += [plant] * (len(steps) // (_PLANT_SHARE - 1))
    return dtypes, tuple(steps), inner


def _one_of(steps: tuple[Step, ...]) -> Step:
    """The step that takes any one of ``steps``."""

    def propose(draft: Draft) -> None:
        steps[draft.below(len(steps))](draft)

    return propose


def _possible(op: str, dtypes: Dtypes) -> bool:
    """Whether an op can be proposed with ``dtypes`` alone."""
    if op in gather.GEN or op == "scatter":  # with indices
        return any(d.is_integer for d in dtypes)
    allowed = NUMBERS if op == "bitcast_convert" else OPS[op].dtypes
    return not allowed or any(d in dtypes for d in allowed)


def generate(chooser: Chooser, config: Config = Config(), turn: int | None = None) -> Module:
    """A verified-by-construction module: ``main`` and the private functions that it calls.

    The number of ops is uniform in ``1 .. 2 * config.ops - 1``; a pattern or plant may go a few
    beyond it. With ``turn``, a number that successive programs count up, each rule is planted about
    equally often; without it, rules are drawn.
    """
    below = chooser.below
    dtypes, steps, inner = menu(config)
    most = 2 * config.ops - 1
    library = Library()
    if turn is not None:
        library.turns += [_TURNS * turn + k for k in range(_TURNS)]
    if config.big_share and below(config.big_share) == config.big_share - 1:
        draft = Draft(chooser, dtypes, config.big_limit, library, inner, dims=BIG_DIMS)
        most = min(most, 6)
    else:
        draft = Draft(chooser, dtypes, config.limit, library, inner, dims=DIMS)
    count = len(steps)
    nodes = draft.nodes
    swarm = [steps[below(count)] for _ in range(5)]
    done = 0
    while done < most:
        k = below(8)
        (swarm[k] if k < 5 else steps[below(count)])(draft)
        added = len(nodes) - done
        # Stopping is drawn step by step, so that a shrinker can take out any one step; it makes the
        # number of ops uniform all the same.
        if below(most - done) < added:
            break
        done += added
    main = Function("main", draft.graph(draft.results()))
    return Module((main, *library.functions))
