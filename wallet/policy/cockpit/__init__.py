"""What the wallet makes of receipts and reports: pure, over what it keeps of each answer."""
