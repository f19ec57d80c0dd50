"""The program generator: one function of a chooser, shared by campaigns, property tests and
mutation testing.
"""

from verify.gen.chooser import Chooser, RandomChooser, Recorder, TapeChooser, program_seed
from verify.gen.graphs import GEN, Config, generate
from verify.gen.values import MODES, choose_mode, draw_inputs

__all__ = [
    "GEN",
    "MODES",
    "Chooser",
    "Config",
    "RandomChooser",
    "Recorder",
    "TapeChooser",
    "choose_mode",
    "draw_inputs",
    "generate",
    "program_seed",
]
