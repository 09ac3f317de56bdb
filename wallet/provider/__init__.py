"""The wallet provider: it knows its wallets, vouches for them towards issuers, and blocks the lost ones (TS3 1.5)."""
