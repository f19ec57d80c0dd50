"""Programs a CPU second through the whole loop: generate, compile, run, reference, compare.

    python bench/loop.py [LEVEL] [PROGRAMS]

One process, set up as a campaign's workers are. Templates of near-misses and tables of values are
built first, once a process; their time is shown on its own. The parts are shares of the same run;
each program is run on all its sets of inputs. The canonical bits are asked for where no rewrite may
change bits.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from compiler.dtypes import ALL, NARROW
from compiler.executable import Executable
from compiler.ir import Module
from compiler.pipeline import Options, optimize
from compiler.rules import RULES
from verify.bounds import enclose
from verify.engines.local import collect_seldom
from verify.examine import prepare
from verify.fuzz.config import CampaignConfig, program
from verify.gen import InputSet, plants
from verify.gen.pool import TABLES, table
from verify.targets.assay import Canonical


def _examine(module: Module, sets: list[InputSet], options: Options) -> list[str]:
    """The verdicts on one program, one a set of inputs, as a campaign's worker comes to them."""
    prepared = prepare(module, "assay", options)
    return [prepared.examine(given.arrays).kind for given in sets]


def main(level: int, count: int) -> None:
    """Print the rates of ``count`` programs at ``level``."""
    clock = time.process_time
    options, config = Options(level=level), CampaignConfig(seed=3)
    start = clock()
    for rule in RULES:
        for k in range(plants.TEMPLATES):
            plants.template(rule, k)
    print(f"templates           {clock() - start:8.2f} s, once a process")
    start = clock()
    for dtype in (*ALL, *NARROW):
        for name in TABLES:
            table(dtype, name)
    print(f"tables of values    {clock() - start:8.2f} s, once a process")
    for i in range(100):
        _examine(*program(config, i), options)
    collect_seldom()
    start = clock()
    made = [program(config, i) for i in range(100, 100 + count)]
    generated = clock() - start
    kinds: Counter[str] = Counter()
    start = clock()
    for module, sets in made:
        kinds.update(_examine(module, sets, options))
    whole = generated + clock() - start
    ops = sum(len(m.main.graph.nodes) for m, _ in made) / count
    parts: Counter[str] = Counter()
    for module, sets in made[: count // 4]:
        start = clock()
        optimized, _ = optimize(module, options)
        parts["passes"] += clock() - start
        start = clock()
        executable = Executable(optimized)
        parts["machine code"] += clock() - start
        start = clock()
        for given in sets:
            executable(*given.arrays)
        parts["run"] += clock() - start
        start = clock()
        for given in sets:
            enclose(module, given.arrays)
        parts["reference, bounds"] += clock() - start
        start = clock()
        canonical = Canonical(module)
        for given in sets:
            canonical(given.arrays)
        parts["canonical bits"] += clock() - start
    print(f"whole loop          {count / whole:8.1f} programs a CPU second, {ops:.1f} ops each")
    print(f"generation, inputs  {count / generated:8.1f} programs a CPU second")
    for name, seconds in parts.items():
        print(f"{name:19s} {100 * seconds / (count // 4) / (whole / count):8.1f} % of the loop")
    print(dict(kinds))


if __name__ == "__main__":
    main(*(int(a) for a in (*sys.argv[1:], "1", "600")[:2]))
