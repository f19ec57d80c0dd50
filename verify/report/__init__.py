"""Reports: pages of tables, as Markdown for repositories and as HTML that needs nothing beside it.

``page`` (sections, and the two forms), ``mutation`` (what a mutation run says).
"""

from verify.report.page import Page, Section, write

__all__ = ["Page", "Section", "write"]
