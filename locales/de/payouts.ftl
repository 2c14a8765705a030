# payouts
payout_account_missing = Bitte richten Sie zuerst Ihr Auszahlungskonto ein.
payout_account_not_active = Auf Ihr Auszahlungskonto kann noch nicht ausgezahlt werden. Bitte prüfen Sie, was noch fehlt.
payout_account_refused = Dieses Konto kann nicht für Auszahlungen verwendet werden. Bitte prüfen Sie die Angaben.
payouts_unavailable = Auszahlungen sind zurzeit nicht möglich.
earning_invalid = Das kann nicht verdient werden.
reversal_too_large = Das ist mehr, als verdient wurde.
withdrawal_open = Eine andere Auszahlung ist noch unterwegs. Bitte warten Sie, bis sie angekommen ist.
withdrawal_too_small = Bitte zahlen Sie mindestens { $least } aus.

# On statements.
statement-title = Verdienstabrechnung
statement-provider = Anbieter
statement-period = Zeitraum
statement-date = Datum
statement-what = Vorgang
statement-gross = Brutto
statement-fees = Provision
statement-net = Netto
statement-sum_gross = Brutto
statement-sum_fees = Provision
statement-sum_net = Verdient
statement-line_earning = Auftrag
statement-line_tip = Trinkgeld
statement-line_refund = Erstattung
statement-line_withdrawal = Auszahlung
statement-line_withdrawal_failed = Auszahlung zurückgekommen
statement-status_processing = unterwegs
statement-status_paid = angekommen
statement-status_failed = fehlgeschlagen
statement-note = Die Summen umfassen Aufträge und Erstattungen dieses Zeitraums; Auszahlungen gehören nicht dazu.
