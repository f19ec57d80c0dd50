"""Applications of rewrites: counted, limited, logged.

Every change that a pass makes asks the :class:`Trace` first, as LLVM's ``-opt-bisect-limit`` does;
so any miscompile can be bisected to one numbered application, and the oracle knows which contracts
fired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from compiler.contract import EXACT, Contract, join_all
from compiler.errors import Loc
from compiler.ir import Graph, Module


@dataclass(frozen=True, slots=True)
class Application:
    """One rewrite that fired: number (from 1), pass, rule, allowance, place, and the ops before and
    after as text.
    """

    index: int
    pass_name: str
    rule: str
    contract: Contract
    loc: Loc | None
    before: str
    after: str


@dataclass(slots=True)
class Trace:
    """The log of one compilation.

    Attributes:
        limit: applications allowed in all; ``None`` for no limit.
        applications: those that fired, in order.
        verbose: whether to keep the ops before and after as text (costs time).
        required: expansions that lowering needs: logged with number 0, never refused or counted.
    """

    limit: int | None = None
    verbose: bool = False
    applications: list[Application] = field(default_factory=list)
    required: list[Application] = field(default_factory=list)

    def apply(
        self,
        pass_name: str,
        rule: str,
        contract: Contract = EXACT,
        loc: Loc | None = None,
        describe: Callable[[], tuple[str, str]] | None = None,
    ) -> bool:
        """Ask for one application; ``False`` once the limit is reached. ``describe`` gives (before,
        after) as text.
        """
        count = len(self.applications)
        if self.limit is not None and count >= self.limit:
            return False
        application = Application(count + 1, pass_name, rule, contract, loc, "", "")
        self.applications.append(application)
        if self.verbose and describe:  # logged before: what a broken rule makes may have no text
            before, after = describe()
            self.applications[-1] = replace(application, before=before, after=after)
        return True

    def require(
        self,
        pass_name: str,
        rule: str,
        loc: Loc | None = None,
        describe: Callable[[], tuple[str, str]] | None = None,
    ) -> None:
        """Log an expansion that lowering needs."""
        before, after = describe() if self.verbose and describe else ("", "")
        self.required.append(Application(0, pass_name, rule, EXACT, loc, before, after))

    def undo(self, count: int) -> None:
        """Forget all but the first ``count`` applications: what they changed was put back."""
        del self.applications[count:]

    @property
    def contract(self) -> Contract:
        """What the rewrites that fired allow together."""
        return join_all(a.contract for a in self.applications)

    @property
    def fired(self) -> Counter[str]:
        """How often each ``pass/rule`` fired."""
        return Counter(f"{a.pass_name}:{a.rule}" for a in (*self.required, *self.applications))


def ops_text(graph: Graph, *nodes: int) -> str:
    """The given ops of ``graph`` (all by default) as StableHLO, one a line; what it returns if it
    has none.
    """
    from compiler.text import print_node

    chosen = nodes or range(len(graph.nodes))
    lines = [print_node(graph, i) for i in chosen]
    return "\n".join(lines) or f"return %arg{graph.results[0]}"


@dataclass(frozen=True, slots=True)
class Pass:
    """A transformation of modules.

    Attributes:
        name: as in the text form of a pipeline.
        contract: all that its rewrites may ever allow; each application states its own.
        run: gives the new module, the same object if nothing changed; asks the trace before each
            change, so that the result is valid wherever the limit falls.
    """

    name: str
    contract: Contract
    run: Callable[[Module, Trace], Module]
