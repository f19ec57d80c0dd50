"""Conformance: folders of StableHLO files that say themselves what is right.

``suite`` finds the cases, ``forms`` makes runnable programs of them, ``checks`` holds results
against what a case expects, ``judge`` gives the verdicts of one case, ``run`` does that for all of
them in worker processes, ``report`` counts.
"""
