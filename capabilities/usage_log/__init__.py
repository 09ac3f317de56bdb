"""The usage log of a party: what was done with data after it came, in a past that cannot change (docs/sovereignty/usage.md)."""
