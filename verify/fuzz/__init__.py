"""Fuzz campaigns: many programs, a store, findings that are bisected and reduced.

::

    from verify.fuzz import CampaignConfig, campaign
    print(campaign(CampaignConfig(count=1000, level=2)).sentence())
"""

from verify.fuzz.campaign import Progress, campaign, resume, summary
from verify.fuzz.config import CampaignConfig, program
from verify.fuzz.stats import Stats
from verify.fuzz.summary import Summary

__all__ = [
    "CampaignConfig",
    "Progress",
    "Stats",
    "Summary",
    "campaign",
    "program",
    "resume",
    "summary",
]
