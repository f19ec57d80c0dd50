"""The program generator: one function of a chooser, shared by campaigns, property tests and
mutation testing.
"""

from verify.gen.chooser import Chooser, RandomChooser, Recorder, TapeChooser, program_seed
from verify.gen.graphs import GEN, Config, generate
from verify.gen.values import SETS, InputSet, choose_sets, draw_inputs, draw_sets

__all__ = [
    "GEN",
    "SETS",
    "Chooser",
    "Config",
    "InputSet",
    "RandomChooser",
    "Recorder",
    "TapeChooser",
    "choose_sets",
    "draw_inputs",
    "draw_sets",
    "generate",
    "program_seed",
]
