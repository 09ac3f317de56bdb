"""People in front of real pages."""

from tests.support.browser import chromium

__all__ = ["chromium"]
