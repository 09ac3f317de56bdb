"""What the roles run on: storage, network, sealing, clock and pages; everything with side effects that more than one role needs."""
