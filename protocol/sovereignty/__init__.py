"""Our own protocols for data sovereignty: receipts, usage, rights, catalogue, forwarding (docs/sovereignty)."""
