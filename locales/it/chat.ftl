# chat
chat_blocked = Non potete scrivervi.
conversation_closed = Questa persona non c'è più.
too_many_inquiries = Oggi hai iniziato molte conversazioni. Riprova domani.
message_not_editable = Questo messaggio non può più essere modificato.
report_decided = Questa segnalazione è già stata decisa.
unsupported_file = File di questo tipo non possono essere inviati.
infected_file = Questo file contiene un virus. Non è stato inviato.

field-yourself = Questa persona sei tu.

chat-booking-created = La prenotazione è stata richiesta.
chat-booking-payment_secured = La prenotazione è pagata.
chat-booking-payment_expired = La prenotazione è decaduta: il pagamento non è arrivato in tempo.
chat-booking-payment_lost = Il pagamento non c’è più: la banca lo ha ripreso.
chat-booking-payment_restored = Il pagamento è di nuovo assicurato.
chat-booking-accepted = La prenotazione è confermata.
chat-booking-declined = La prenotazione è stata rifiutata.
chat-booking-withdrawn = La richiesta è stata ritirata.
chat-booking-expired = La richiesta è decaduta: non ha avuto risposta in tempo.
chat-booking-rescheduled = La prenotazione è stata spostata.
chat-booking-reschedule_proposed = È stato proposto un altro orario per la prenotazione.
chat-booking-reschedule_accepted = L'orario proposto è stato accettato.
chat-booking-reschedule_declined = L'orario proposto è stato rifiutato.
chat-booking-reschedule_withdrawn = La proposta di orario è stata ritirata.
chat-booking-reschedule_expired = La proposta di orario è decaduta: non ha avuto risposta in tempo.
chat-booking-started = Il lavoro è iniziato.
chat-booking-completed = Il lavoro è finito.
chat-booking-cancelled = La prenotazione è stata annullata.
chat-booking-no_show = Qualcuno non si è presentato.
chat-booking-no_show_contested = L'assenza segnalata è stata contestata. Decidiamo noi.
chat-booking-no_show_confirmed = L'assenza segnalata è definitiva.
chat-booking-disputed = Il lavoro è stato contestato. Decidiamo noi.
chat-booking-resolved_for_customer = È stato deciso a favore del cliente.
chat-booking-resolved_for_provider = È stato deciso a favore del fornitore.
chat-booking-resolved_by_split = È stato deciso: a ciascuno spetta una parte.

chat-staff_joined = { $name } dell'assistenza SkillBuddy partecipa ora a questa conversazione.
chat-staff_left = { $name } dell'assistenza SkillBuddy ha lasciato questa conversazione.
