# ledger
insufficient_funds = Il saldo non è sufficiente.
hold_over = Questo importo non è più bloccato.
