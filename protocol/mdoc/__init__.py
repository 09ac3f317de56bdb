"""Mobile documents (ISO/IEC 18013-5): credentials in CBOR, each element with a digest of its own, and how they are shown."""
