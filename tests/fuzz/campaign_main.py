"""Runs a campaign in a process of its own, for tests that interrupt or kill it: argument 1 is the
store.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from verify.fuzz import CampaignConfig, campaign, resume

if __name__ == "__main__":
    # A job that a shell started in the background inherits that Ctrl-C is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    where = Path(sys.argv[1])
    if len(sys.argv) > 2:
        summary = resume(int(sys.argv[2]), where, count=int(sys.argv[3]))
    else:
        summary = campaign(CampaignConfig(seed=3, jobs=1, directory=where))
    print(summary.state, summary.stats.programs, summary.resume, flush=True)
    sys.exit(130 if summary.interrupted else 0)
