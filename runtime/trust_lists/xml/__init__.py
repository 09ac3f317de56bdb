"""Trusted lists in XML (ETSI TS 119 612 V2.4.1): parsed within limits, verified, and read as any other list is."""
