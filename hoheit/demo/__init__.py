"""The demo town: agencies, partners and one citizen, all on this machine, walking credentials through the town."""
