"""The wallet provider's store in SQL."""
