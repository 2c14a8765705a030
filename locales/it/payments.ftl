# payments
already_paid = Questa prenotazione è già stata pagata.
payment_in_progress = Il pagamento di questa prenotazione è in corso. Attendi un momento.
not_payable = Questa prenotazione non deve più essere pagata qui.
refund_too_large = È più di quanto si possa rimborsare.
method_in_use = Un pagamento futuro usa questo metodo. Scegline prima un altro per quel pagamento.
due_date_out_of_range = Scegli una data da oggi fino a 14 giorni dopo l'appuntamento.
installment_not_payable = Questa rata non deve più essere pagata.
insufficient_credits = Non hai abbastanza crediti. Acquistane prima altri.
nothing_paid = Non è ancora stato pagato nulla, quindi non c'è una ricevuta.
field-card_number = Il numero della carta non va inviato qui: invia il token rilasciato dal servizio di pagamento.
