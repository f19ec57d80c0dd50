"""What a campaign is: a seed, a target, and how long. Program ``i`` depends on the seed and ``i``
alone.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from compiler.errors import InputError
from compiler.ir import Module
from compiler.pipeline import Options
from verify.engines import workers
from verify.fuzz.store import DEFAULT
from verify.gen import Config, InputSet, RandomChooser, draw_sets, generate, program_seed
from verify.shield import Setup, load_target

FORGET = frozenset({"directory", "jobs"})  # of no account to what a campaign finds


@dataclass(frozen=True, slots=True)
class CampaignConfig:
    """A campaign.

    Attributes:
        seed: of all programs and inputs.
        count: programs to check in all; ``None`` for no limit.
        seconds: wall-clock time of this run; ``None`` for no limit.
        jobs: worker processes; 0 for one a core.
        target: name of the compiler under test.
        level: optimisation level.
        precision: precision lowering to ask for (``""``, ``bf16``, ``f16``).
        fault: injected bug to switch on; empty for none.
        ops: ops a program has on average.
        sets: how many sets of inputs each program is run on.
        batch: programs that a worker takes at a time.
        timeout: seconds that one program may take before its worker is killed.
        budget: examinations that the reduction of one failure may take.
        keep: how many findings are reduced for one guilty rewrite; further failures are only
            counted.
        directory: where the store lies.
        code: fingerprint of the code that began it (:mod:`verify.sources`); empty before that.
    """

    seed: int = 0
    count: int | None = None
    seconds: float | None = None
    jobs: int = 0
    target: str = "assay"
    level: int = 1
    precision: str = ""
    fault: str = ""
    ops: int = 10
    sets: int = 3
    batch: int = 64
    timeout: float = 60.0
    budget: int = 200
    keep: int = 1
    directory: Path = field(default=DEFAULT)
    code: str = ""

    @property
    def options(self) -> Options:
        """The compiler options under test."""
        return Options(level=self.level, precision=self.precision)

    @property
    def workers(self) -> int:
        """How many worker processes to start."""
        return workers(self.jobs)

    def to_json(self) -> dict[str, Any]:
        """The form kept in the store."""
        return {k: v for k, v in asdict(self).items() if k not in FORGET}

    @staticmethod
    def from_json(data: dict[str, Any], **changes: Any) -> CampaignConfig:
        """The configuration in the store, with ``changes``; InputError for a foreign field."""
        known = {f.name for f in fields(CampaignConfig)}
        if set(data) - known:
            foreign = ", ".join(sorted(set(data) - known))
            raise InputError(
                f"the campaign was made by another version of Assay (unknown: {foreign})",
                hint="start a new one without --resume",
            )
        return CampaignConfig(**{**data, **changes})


def prepare_process(target: str, fault: str, setup: Setup | None = None) -> None:
    """Load a target, and switch an injected bug on for as long as this process lives."""
    load_target(target, setup)
    if fault:
        from verify.faults import activate

        _SWITCHED_ON.enter_context(activate(fault))


_SWITCHED_ON = ExitStack()


def program(config: CampaignConfig, index: int) -> tuple[Module, list[InputSet]]:
    """Program ``index`` of a campaign with ``config.sets`` different sets of inputs."""
    chooser = RandomChooser(program_seed(config.seed, index))
    turn = program_seed(config.seed, 0) + index
    module = generate(chooser, Config(ops=config.ops), turn)
    return module, draw_sets(chooser, module, config.sets)
