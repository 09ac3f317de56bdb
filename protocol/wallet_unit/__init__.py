"""How a wallet and its provider talk to each other, which TS3 1.5 §1.2 leaves to them."""
