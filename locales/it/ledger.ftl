# ledger
balance_too_low = Il saldo non è sufficiente.
hold_over = Questo importo non è più bloccato.
