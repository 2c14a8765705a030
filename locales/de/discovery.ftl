# Was an einer Suche falsch sein kann.
field-reversed_prices = Der niedrigste Preis darf nicht über dem höchsten liegen.
field-too_many_ids = Es können höchstens { $max } Angebote auf einmal abgefragt werden.
