"""What the roles run on: storage, network, sealing, clock and pages."""
