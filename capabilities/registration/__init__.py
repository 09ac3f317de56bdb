"""Being registered: what somebody writes down of themselves, sends to a registrar, and gets from there."""
