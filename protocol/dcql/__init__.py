"""The query language for credentials: what a verifier asks, and whether something held answers it (OID4VP 1.0 §6, §7)."""
