"""Programs and inputs as the command line names them: a StableHLO file, or the folder of a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from compiler.errors import InputError, ParseError, UnsupportedError
from verify.cli.fixed import NOTHING, Fixed

if TYPE_CHECKING:
    from compiler.errors import Loc
    from compiler.ir import Array, Module, TensorType
    from verify.case import Case
    from verify.cli.ui import Output
    from verify.examine import Examination

LEVELS = (0, 1, 2)
PRECISIONS = ("", "bf16", "f16")
RANK = 64  # dimensions of a NumPy array
REFERENCE_BYTES = 16  # of an element of a value with its error bound, both f64


def read_module(path: Path, fixed: Fixed = NOTHING, inputs: Path | None = None) -> Module:
    """Parse and verify a StableHLO file. InputError if it cannot be read, ParseError if it is not
    text.

    What is ``fixed`` and the arrays in file ``inputs`` say what its unknown dimensions are.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder", hint="give a .mlir file") from None
    except OSError as e:
        raise InputError(f"{path}: {e.strerror}") from None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as e:
        message = f"{path}: byte {e.start} is not UTF-8"
        raise ParseError(message, hint="is this StableHLO text?") from None
    return fixed.module(text, str(path), inputs)


def read_inputs(
    module: Module, path: Path | None, seed: int, fixed: Fixed = NOTHING
) -> list[Array]:
    """Inputs out of an ``.npz`` file (``in0``, ``in1``, ...), or seeded random ones."""
    from verify.arrays import read_arrays

    check_size(module)
    if path is not None:
        return read_arrays(path, module.main.graph.params)
    from verify.gen.chooser import RandomChooser
    from verify.gen.values import draw_inputs

    return fixed.put(draw_inputs(RandomChooser(seed), module, "normal"))


def say_drawn(out: Output, program: Path, inputs: Path | None, seed: int) -> None:
    """Say which inputs a program is run on, if they are random."""
    if inputs is None and not program.is_dir():
        out.say(f"inputs drawn with --seed {seed}")


def read_case(
    path: Path,
    *,
    inputs: Path | None = None,
    seed: int = 0,
    target: str | None = None,
    level: int | None = None,
    precision: str | None = None,
    fault: str | None = None,
    fixed: Fixed = NOTHING,
) -> Case:
    """The case in the folder ``path``, or one made of the StableHLO file ``path``; options given
    here win.
    """
    from dataclasses import replace

    from verify.case import Case, load

    if path.is_dir():
        case = load(path)
        check_size(case.module)
    else:
        module = read_module(path, fixed, inputs)
        case = Case(module, tuple(read_inputs(module, inputs, seed, fixed)), level=2)
        inputs = None
    if inputs is not None:
        case = replace(case, inputs=tuple(read_inputs(case.module, inputs, seed)))
    return replace(
        case,
        target=case.target if target is None else target,
        level=check_level(case.level if level is None else level),
        precision=check_precision(case.precision if precision is None else precision),
        meta=case.meta if fault is None else {**case.meta, "fault": fault},
    )


def examine_case(path: Path, **options: Any) -> tuple[Case, Examination, str]:
    """The case that :func:`read_case` reads, its examination, and how the process died in which it
    was examined (empty if it lives).
    """
    from verify.shield import Shield

    case = read_case(path, **options)
    with Shield() as shield:
        return case, shield.examine(case), shield.died


def parse_levels(text: str) -> list[int]:
    """``0,1,2`` as numbers; InputError for anything else."""
    parts = [p for p in text.split(",") if p]
    if not parts or not all(p.isascii() and p.isdigit() for p in parts):
        raise InputError(f"-O {text}: not a list of levels", hint="write -O 0,1,2 or -O2")
    return [check_level(int(p)) for p in parts]


def check_level(level: int) -> int:
    """``level`` if there is such a level; else InputError."""
    if level not in LEVELS:
        raise InputError(f"there is no level -O{level}", hint="levels are 0, 1 and 2")
    return level


def check_precision(precision: str) -> str:
    """``precision`` if programs can be lowered to it; else InputError."""
    if precision not in PRECISIONS:
        raise InputError(f"there is no precision {precision!r}", hint="bf16 or f16")
    return precision


def check_at_least(least: float, **options: float | None) -> None:
    """InputError for an option that is given and below ``least``, or not a number."""
    for name, value in options.items():
        if value is not None and not value >= least:
            option = name.replace("_", "-")
            raise InputError(f"--{option} {value}: must be a number of at least {least:g}")


def check_size(module: Module) -> None:
    """UnsupportedError, with the place, for a tensor that the reference cannot hold in this
    machine's memory or that has more dimensions than NumPy knows.
    """
    import os

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for function in module.functions:
        graph = function.graph
        places = graph.locs or (None,) * len(graph.nodes)
        values: list[tuple[TensorType, Loc | None]] = [(t, None) for t in graph.params]
        values += [(t, p) for n, p in zip(graph.nodes, places, strict=True) for t in n.types]
        for t, where in values:
            if t.rank > RANK:
                raise UnsupportedError(
                    f"@{function.name}: a tensor of {t.rank} dimensions; at most {RANK} are judged",
                    where=where,
                )
            if t.size * REFERENCE_BYTES > memory:
                need = f"{t.size * REFERENCE_BYTES / 2**30:.3g} GiB"
                raise UnsupportedError(
                    f"@{function.name}: {t} is too large to judge here: the reference needs {need} "
                    f"for it, this machine has {memory / 2**30:.3g}",
                    where=where,
                    hint="make the program's dimensions smaller",
                )


def check_names(target: str, fault: str) -> None:
    """InputError for a target or fault that does not exist (or is not installed)."""
    from verify.faults import activate
    from verify.targets import get

    get(target)
    with activate(fault):
        pass
