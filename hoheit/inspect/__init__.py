"""Explains any token, offer, request or QR code offline: what it is, what it says, what could be checked, what is wrong."""
