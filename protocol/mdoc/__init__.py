"""ISO mdoc (ISO/IEC 18013-5)."""
