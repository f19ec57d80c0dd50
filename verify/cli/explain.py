"""``assay explain``: what a code, a verdict or an entry of a contract means."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from compiler.errors import InputError
from verify.cli.ui import Output

TEXTS = {
    "AS000": "An expected error without a code of its own.",
    "AS101": "The text is not StableHLO. The place is where reading stopped; what was expected "
    "there stands in the message.",
    "AS201": "The program breaks a constraint of the StableHLO specification. (C3), (I1) and the "
    "like are the numbers of the op's constraints and inputs in the specification.",
    "AS301": "The program is StableHLO, but holds an op, an element type or a feature outside of "
    "what Assay supports. Nothing was judged; the exit code is 4.",
    "AS401": "A file is missing or unreadable, inputs do not fit the program, or an option has a "
    "wrong value.",
    "AS501": "Assay broke one of its own rules. The traceback is in the file that the message "
    "names; please report it with the command and the program.",
    "AS601": "A failure did not come back when the program was run again, so that nothing can be "
    "isolated. Such bugs read memory that nobody wrote, or race; the exit code is 3.",
    "identical": "All elements are determined by the specification and have exactly these bits.",
    "allowed": "All elements are inside the bound of what the specification, and the contracts of "
    "the rewrites that fired, allow.",
    "unstable": "Within bounds as far as it can be told; a comparison, conversion or select stands "
    "so close to its threshold that both outcomes are legal.",
    "explained": "Outside of what is allowed, but declared in the target's profile, with a reason: "
    "a choice that the specification leaves open, or a known limit of that compiler.",
    "violation": "An element outside of everything that is allowed: a miscompile.",
    "crash": "The compiler or the compiled program raised an exception or died.",
    "timeout": "The compiler or the compiled program did not end in time.",
    "nondeterministic": "The same program gave different bits on the same inputs.",
    "unsupported": "The target does not take the program; nothing was judged.",
    "nnan": "Contract flag: results may be anything where an operand or the result is NaN.",
    "ninf": "Contract flag: results may be anything where an operand or the result is infinite.",
    "nsz": "Contract flag: the sign of a zero does not matter.",
    "arcp": "Contract flag: x / y may be computed as x * (1 / y).",
    "contract": "Contract flag: a product and a sum may be fused, with one rounding.",
    "afn": "Contract flag: transcendental functions may be approximated.",
    "reassoc": "Contract flag: sums and products may be taken in any order, and factors be taken "
    "out, as if over the reals; two sums are not multiplied out.",
    "precision": "Contract entry op:narrow:accumulator: the op may read operands rounded to the "
    "narrow type; its sums are in the accumulator's.",
    "limit": "Contract entry function:type:ulps: the function may be that far from its true value.",
    "excess": "Contract entry excess:type: inside a fused group values of the type may stay "
    "unrounded.",
    "flush-subnormals": "Contract entry: subnormal operands and results may be taken for zero.",
}


def explain_(what: str = "", /, *, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """Explain an error code, a verdict or an entry of a contract.

    For example: `assay explain AS201`

    Args:
        what: such as AS201, violation or reassoc; everything if not given.
        json: one JSON document on standard output, text on standard error.
    """
    out = Output(json)
    wanted = [key for key in TEXTS if what in ("", key)]
    if not wanted:
        raise InputError(f"nothing is known of {what!r}", hint=f"known: {', '.join(TEXTS)}")
    for key in wanted:
        out.say(f"{key}: {TEXTS[key]}")
    out.document({"entries": {key: TEXTS[key] for key in wanted}})
    return 0
