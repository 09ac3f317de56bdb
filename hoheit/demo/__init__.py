"""The demo town: two agencies, two partners and one citizen, all on this machine, walking one credential through the town."""
