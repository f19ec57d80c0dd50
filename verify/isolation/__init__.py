"""From a failure to three ops and a name.

:func:`~verify.isolation.isolate.isolate` joins the steps: ``localise`` names the pass, ``bisect``
the application of a rewrite, ``reduce`` makes the program small, ``repro`` writes the finding.
"""
