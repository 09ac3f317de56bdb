"""Between a wallet and a reader: requests for documents, and the session that carries them (ISO/IEC 18013-5)."""
