"""Hypothesis strategies over the generator, for anybody's property tests.

::

    from hypothesis import given
    from verify import programs

    @given(programs())
    def test_my_pass_keeps_the_meaning(program):
        module, inputs = program
        ...

The generator of campaigns draws its choices from Hypothesis here, so failing programs shrink, and
replay from Hypothesis' database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from compiler.dtypes import ALL
from compiler.ir import Array, Module
from verify.gen.chooser import HypothesisChooser
from verify.gen.draft import Dtypes
from verify.gen.graphs import Config, generate
from verify.gen.values import check_set, choose_sets, draw_inputs

Program = tuple[Module, list[Array]]


@st.composite
def _programs(
    draw: Callable[[st.SearchStrategy[Any]], Any], config: Config, inputs: str
) -> Program:
    chooser = HypothesisChooser(draw)
    module = generate(chooser, config)
    (name,) = (inputs,) if inputs else choose_sets(chooser, module, 1)
    return module, draw_inputs(chooser, module, name)


def programs(
    *,
    ops: int = 5,
    dtypes: Dtypes = ALL,
    limit: int = 256,
    inputs: str = "",
    plants: bool = True,
) -> st.SearchStrategy[Program]:
    """A strategy of ``(module, inputs)``: verified StableHLO modules with arrays for ``main``.

    Args:
        ops: how many ops ``main`` has on average.
        dtypes: element types that may occur; ``i1`` always may.
        limit: how many elements a tensor may have.
        inputs: the set that they are drawn from, such as ``exact`` (:mod:`verify.gen.values`); any
            if empty.
        plants: whether patterns and left-hand sides of rules occur beside single ops;
            without them failing programs shrink further.

    Raises:
        ValueError: for an unknown set of inputs.
    """
    if inputs:
        check_set(inputs)
    config = Config(ops=ops, dtypes=dtypes, limit=limit, big_share=0, plants=plants)
    return _programs(config, inputs)
