# ledger
insufficient_funds = There is not enough money for this.
hold_over = This amount is no longer held.
