# ledger
balance_too_low = Dafür reicht das Guthaben nicht.
hold_over = Dieser Betrag ist nicht mehr vorgemerkt.
