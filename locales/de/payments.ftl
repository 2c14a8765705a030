# payments
already_paid = Diese Buchung ist bereits bezahlt.
payment_in_progress = Diese Buchung wird gerade bezahlt. Bitte warten Sie einen Moment.
not_payable = Diese Buchung muss hier nicht mehr bezahlt werden.
refund_too_large = Das ist mehr, als zurückgezahlt werden kann.
method_in_use = Eine künftige Zahlung nutzt diese Zahlungsart. Wählen Sie für sie zuerst eine andere.
due_date_out_of_range = Bitte wählen Sie ein Datum von heute bis 14 Tage nach dem Termin.
installment_not_payable = Diese Rate muss nicht mehr bezahlt werden.
insufficient_credits = Ihr Guthaben reicht nicht aus. Bitte laden Sie es zuerst auf.
credits_amount_invalid = Mit Guthaben lässt sich ein Teil eines Preises in Euro sofort bezahlen.
nothing_paid = Es wurde noch nichts bezahlt, daher gibt es keinen Beleg.
field-card_number = Eine Kartennummer gehört nicht hierher: Senden Sie das Token, das der Zahlungsdienst dafür vergibt.

# On receipts and credit notes.
receipt-receipt = Beleg { $number }
receipt-credit_note = Gutschrift { $number }
receipt-issued_on = Ausgestellt am
receipt-customer = Kunde
receipt-provider = Anbieter
receipt-booking = Buchung
receipt-corrects = Berichtigt Beleg
receipt-reason = Grund
receipt-item = Leistung
receipt-amount = Betrag
receipt-total = Gesamtbetrag
receipt-tender_card = Mit Karte
receipt-tender_paypal = Mit PayPal
receipt-tender_credits = Mit Guthaben
