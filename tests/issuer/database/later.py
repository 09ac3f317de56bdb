"""What a database of the second version had not yet."""

LATER = (
    "people_names", "offers", "clerk_codes", "wallet_watches", "said_claims", "register_changes",
    "usage_entries", "usage_news", "usage_receipts", "usage_logs", "usage_leaves", "usage_nodes", "usage_clock",
    "cockpit_rights_files", "cockpit_rights", "cockpit_calls", "cockpit_receipts", "document_receipts", "mandates",
    "attached_files",
)  # fmt: skip
