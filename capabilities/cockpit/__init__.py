"""What a party gives to citizens under its `cockpit_endpoint`: receipts, and what hangs on them."""
