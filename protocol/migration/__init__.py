"""What a wallet hands over to the next one: its log, and the documents that can be had again (EUDI TS10 1.2)."""
