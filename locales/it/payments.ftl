# payments
already_paid = Questa prenotazione è già stata pagata.
payment_in_progress = Il pagamento di questa prenotazione è in corso. Attendi un momento.
not_payable = Questa prenotazione non deve più essere pagata qui.
refund_too_large = È più di quanto si possa rimborsare.
method_in_use = Un pagamento futuro usa questo metodo. Scegline prima un altro per quel pagamento.
due_date_out_of_range = Scegli una data da oggi fino a 14 giorni dopo l'appuntamento.
installment_not_payable = Questa rata non deve più essere pagata.
insufficient_credits = Non hai abbastanza crediti. Acquistane prima altri.
credits_amount_invalid = Con i crediti si può pagare subito una parte di un prezzo in euro.
nothing_paid = Non è ancora stato pagato nulla, quindi non c'è una ricevuta.
field-card_number = Il numero della carta non va inviato qui: invia il token rilasciato dal servizio di pagamento.

# On receipts and credit notes.
receipt-receipt = Ricevuta { $number }
receipt-credit_note = Nota di credito { $number }
receipt-issued_on = Data di emissione
receipt-customer = Cliente
receipt-provider = Fornitore
receipt-booking = Prenotazione
receipt-corrects = Rettifica la ricevuta
receipt-reason = Motivo
receipt-item = Servizio
receipt-amount = Importo
receipt-total = Totale
receipt-tender_card = Con carta
receipt-tender_paypal = Con PayPal
receipt-tender_credits = Con crediti
