# bookings
invalid_transition = Das ist im jetzigen Zustand der Buchung nicht möglich.
own_service = Sie können Ihre eigene Dienstleistung nicht buchen.
blocked = Sie können bei diesem Anbieter nicht buchen.
payment_method_unavailable = Diese Zahlungsart steht zurzeit nicht zur Verfügung.
too_many_holds = Sie haben zu viele Buchungen, die noch nicht bezahlt sind. Bitte bezahlen oder stornieren Sie zuerst eine davon.
address_not_found = Sie haben keine solche Adresse.
too_many_moves = Sie haben diese Buchung so oft verschoben, wie es möglich ist.
too_late_to_move = Diese Buchung kann nicht mehr verschoben werden: Der Anbieter braucht vor dem Beginn mehr Vorlauf.

field-two_times = Bitte geben Sie entweder Datum und Uhrzeit oder den Beginn an, nicht beides.
field-same_time = Die Buchung ist bereits zu dieser Zeit.
field-invalid_country = Bitte geben Sie einen Ländercode mit zwei Buchstaben an, zum Beispiel DE.
field-half_position = Breiten- und Längengrad werden zusammen benötigt.
field-amount_out_of_range = Bitte geben Sie einen Betrag über null ein, der zur Währung passt.
field-only_with_split = Einen Betrag gibt es nur bei einer Aufteilung.
