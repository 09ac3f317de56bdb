"""A cockpit's tables in SQL: receipts and calls, requests about rights."""
