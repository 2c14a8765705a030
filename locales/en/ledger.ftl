# ledger
balance_too_low = There is not enough money for this.
hold_over = This amount is no longer held.
