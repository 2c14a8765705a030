# ledger
insufficient_funds = Dafür reicht das Guthaben nicht.
hold_over = Dieser Betrag ist nicht mehr vorgemerkt.
