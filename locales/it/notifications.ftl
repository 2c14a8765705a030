# notifications
too_many_areas = Puoi salvare al massimo tre luoghi. Prima rimuovine uno.
too_many_sent = Hai inviato molti messaggi nell'ultima ora. Riprova più tardi.
delivery_under_way = Questo messaggio è in corso di invio.
wording_changed = Nel frattempo qualcun altro ha modificato questi testi. Ricaricali e ripeti la modifica.

field-ids_or_all = Indica ids oppure all, non entrambi.
field-users_or_segment = Indica delle persone oppure un segmento, non entrambi.
field-consent_needed = Acconsenti a ricevere avvisi sui nuovi servizi vicino a questo luogo.
field-wording_syntax = Non è possibile leggere il testo. Controlla le parentesi: un segnaposto si scrive così: {"{"} $name {"}"}.
field-wording_variable = Questo messaggio non conosce { $name }. Conosce { $known }.
field-wording_without_variables = Questo messaggio non ha segnaposto, quindi nemmeno { $name }.
field-wording_reference = Qui si possono usare solo segnaposto, non «{ $name }».

# Le parti comuni.
notification-moment = { $date } alle { $time }
notification-mail-button = Apri nell'app
notification-mail-end = Nelle impostazioni dell'app scegli che cosa comunicarti e come.
notification-mail-end_needed = Questo messaggio è importante, perciò lo ricevono tutti.
notification-gathered-title = SkillBuddy
notification-gathered-body = { $count ->
    [one] { $count } nuova notifica
   *[other] { $count } nuove notifiche
}

# Di che cosa parlano le e-mail, in una frase.
notification-kind-booking = prenotazioni
notification-kind-payment = pagamenti
notification-kind-review = recensioni
notification-kind-message = messaggi
notification-kind-system = il tuo account e il nostro servizio
notification-kind-marketing = offerte

page-unsubscribe_ask-title = Niente più e-mail?
page-unsubscribe_ask-text = Non ti invieremo più e-mail su: { $kind }. Ciò che è importante arriva comunque.
page-unsubscribe_ask-button = Annulla l'iscrizione
page-unsubscribe_done-title = Iscrizione annullata
page-unsubscribe_done-text = Non ti invieremo più e-mail su: { $kind }. Puoi cambiare idea nelle impostazioni dell'app.
page-unsubscribe_unknown-title = Non conosciamo questo link
page-unsubscribe_unknown-text = Apri di nuovo il link della nostra e-mail, oppure cambia la scelta nelle impostazioni dell'app.

# Prenotazioni.
notification-booking_requested-title = Nuova richiesta
notification-booking_requested-body = { $other } chiede «{ $service }» per il { $when }. Rispondi, per favore.
notification-booking_new-title = Nuova prenotazione
notification-booking_new-body = { $other } ha prenotato «{ $service }» per il { $when }.
notification-booking_confirmed-title = Prenotazione confermata
notification-booking_confirmed-body = «{ $service }» con { $other } è confermato per il { $when }.
notification-booking_accepted-title = Prenotazione accettata
notification-booking_accepted-body = { $other } ha accettato «{ $service }» per il { $when }.
notification-booking_declined-title = Prenotazione rifiutata
notification-booking_declined-body = { $other } non può svolgere «{ $service }» il { $when }. Quanto hai pagato ti viene restituito.
notification-booking_withdrawn-title = Richiesta ritirata
notification-booking_withdrawn-body = { $other } non ha più bisogno di «{ $service }» il { $when }.
notification-booking_payment_expired-title = Prenotazione non pagata
notification-booking_payment_expired-body = «{ $service }» del { $when } non è stato pagato in tempo. Puoi prenotarlo di nuovo.
notification-booking_expired-title = Nessuna risposta
notification-booking_expired-body = { $other } non ha risposto in tempo per «{ $service }» del { $when }. Quanto hai pagato ti viene restituito.
notification-booking_missed-title = Richiesta scaduta
notification-booking_missed-body = Non hai risposto in tempo a { $other } per «{ $service }» del { $when }.
notification-booking_moved-title = Prenotazione spostata
notification-booking_moved-body = { $other } ha spostato «{ $service }» al { $when }.
notification-booking_move_proposed-title = Un altro orario?
notification-booking_move_proposed-body = { $other } propone un altro orario per «{ $service }» del { $when }. Rispondi, per favore.
notification-booking_move_accepted-title = Nuovo orario concordato
notification-booking_move_accepted-body = { $other } è d'accordo: «{ $service }» è il { $when }.
notification-booking_move_declined-title = Orario invariato
notification-booking_move_declined-body = { $other } non vuole spostare «{ $service }»: resta il { $when }.
notification-booking_move_withdrawn-title = Orario invariato
notification-booking_move_withdrawn-body = { $other } non vuole più spostare «{ $service }»: resta il { $when }.
notification-booking_move_expired-title = Orario invariato
notification-booking_move_expired-body = Nessuno ha risposto in tempo sull'altro orario: «{ $service }» resta il { $when }.
notification-booking_started-title = Si comincia
notification-booking_started-body = { $other } ha iniziato «{ $service }».
notification-booking_completed-title = Com'è andata?
notification-booking_completed-body = «{ $service }» è concluso. Racconta agli altri come ha lavorato { $other }.
notification-booking_closed-title = Lavoro concluso
notification-booking_closed-body = «{ $service }» per { $other } risulta concluso.
notification-booking_cancelled-title = Prenotazione annullata
notification-booking_cancelled-body = «{ $service }» con { $other } del { $when } è stato annullato.
notification-booking_no_show-title = Nessuno sul posto
notification-booking_no_show-body = «{ $service }» con { $other } del { $when } è stato segnalato come mancato. Se non è così, contestalo nell'app entro 48 ore.
notification-booking_no_show_contested-title = Assenza contestata
notification-booking_no_show_contested-body = { $other } contesta di essere mancato a «{ $service }» del { $when }. Esaminiamo il caso e decidiamo.
notification-booking_no_show_confirmed-title = Assenza confermata
notification-booking_no_show_confirmed-body = Nessuno ha contestato in tempo che «{ $service }» con { $other } del { $when } sia mancato. Ora è definitivo.
notification-booking_disputed-title = Lavoro contestato
notification-booking_disputed-body = { $other } non è contento di «{ $service }» del { $when }. Il motivo è nella prenotazione; esaminiamo il caso e decidiamo.
notification-booking_resolved-title = Decisione presa
notification-booking_resolved-body = Abbiamo deciso su «{ $service }» con { $other } del { $when }. Come e perché è scritto nella prenotazione.
notification-booking_payment_lost-title = Paga di nuovo, per favore
notification-booking_payment_lost-body = La tua banca ha ripreso il pagamento per «{ $service }» con { $other } del { $when }. Ora la prenotazione non è pagata: pagala di nuovo prima che cominci.
notification-booking_unpaid-title = Non cominciare prima del pagamento
notification-booking_unpaid-body = La banca di { $other } ha ripreso il pagamento per «{ $service }» del { $when }. Non cominciare prima che sia pagato di nuovo; te lo diciamo subito.
notification-booking_paid_again-title = Pagamento di nuovo assicurato
notification-booking_paid_again-body = Il pagamento per «{ $service }» con { $other } del { $when } è di nuovo assicurato.
notification-booking_cancelled_unpaid-title = Annullato: non pagato
notification-booking_cancelled_unpaid-body = «{ $service }» con { $other } del { $when } è stato annullato perché anche l’ultimo tentativo di addebito non è riuscito.
notification-booking_tomorrow-title = Tra 24 ore
notification-booking_tomorrow-body = «{ $service }» con { $other } è il { $when }.
notification-booking_soon-title = Tra 2 ore
notification-booking_soon-body = «{ $service }» con { $other } è il { $when }.

# Denaro.
notification-payment_received-title = La tua ricevuta { $number }
notification-payment_received-body = Abbiamo ricevuto { $amount }{ $named ->
    [0] {""}
   *[other] {" "}per «{ $service }»
}. Grazie. La tua ricevuta ha il numero { $number }.
notification-payment_failed-title = Pagamento non riuscito
notification-payment_failed-body = Il tuo pagamento di { $amount }{ $named ->
    [0] {""}
   *[other] {" "}per «{ $service }»
} non è riuscito. Prova un altro metodo di pagamento.
notification-payment_retried-title = Pagamento non riuscito
notification-payment_retried-body = Non abbiamo potuto addebitare { $amount } per «{ $service }». Riproviamo il { $when }. Puoi anche pagare adesso o in un altro modo.
notification-payment_delayed-title = Un pagamento è in ritardo
notification-payment_delayed-body = Il pagamento di { $amount } di { $other } per «{ $service }» non è riuscito. Riproviamo il { $when }.
notification-payment_owed-title = Pagamento scaduto
notification-payment_owed-body = Non abbiamo potuto addebitare { $amount } per «{ $service }» e non riproviamo. Devi ancora questo importo: pagalo nell’app.
notification-payment_outstanding-title = Manca un pagamento
notification-payment_outstanding-body = Il pagamento di { $amount } di { $other } per «{ $service }» non è riuscito per l’ultima volta. { $other } lo deve ancora; è tuo appena viene pagato.
notification-payment_refunded-title = Rimborso { $number }
notification-payment_refunded-body = Ti vengono restituiti { $amount }{ $named ->
    [0] {""}
   *[other] {" "}per «{ $service }»
}. La nota di credito ha il numero { $number }.
notification-withdrawal_paid-title = Pagamento arrivato
notification-withdrawal_paid-body = Abbiamo versato { $amount } sul tuo conto.
notification-withdrawal_failed-title = Versamento non riuscito
notification-withdrawal_failed-body = Non abbiamo potuto versare { $amount } sul tuo conto. Il denaro è di nuovo disponibile; controlla il tuo conto di pagamento.
notification-payout_account_changed-title = Conto di pagamento modificato
notification-payout_account_changed-body = Il tuo conto di pagamento è cambiato. Se non sei stato tu, contattaci subito.
notification-payout_account_problem-title = Conto di pagamento non utilizzabile
notification-payout_account_problem-body = Al momento non possiamo versare sul tuo conto di pagamento. Controlla i dati.

# Il resto.
notification-account_restored-title = Bentornato
notification-account_restored-body = Il tuo account resta. Accedi sui tuoi dispositivi per ricevere lì le notifiche.
notification-mailbox_unreachable-title = Le e-mail non ti raggiungono
notification-mailbox_unreachable-body = Un’e-mail al tuo indirizzo è tornata indietro, quindi per 30 giorni non ne inviamo altre. Controlla l’indirizzo nel tuo profilo o riattiva le e-mail nelle impostazioni.
# A message without words of its own.
notification-attachment-image = Una foto
notification-attachment-document = Un documento
notification-attachment-audio = Un messaggio vocale
notification-attachment-video = Un video
notification-attachment-location = Un luogo
notification-attachment-booking_card = Una prenotazione
notification-message_received-title = { $other }
notification-message_received-body = { $count ->
    [one] { $count } nuovo messaggio
   *[other] { $count } nuovi messaggi
}
notification-report_upheld-title = Grazie per la segnalazione
notification-report_upheld-body = Abbiamo esaminato la tua segnalazione. Violava le nostre regole e siamo intervenuti.
notification-report_rejected-title = Grazie per la segnalazione
notification-report_rejected-body = Abbiamo esaminato la tua segnalazione e non abbiamo trovato violazioni delle nostre regole. Puoi bloccare chiunque ti disturbi.
notification-report_overdue-title = Una segnalazione è in attesa
notification-report_overdue-body = La segnalazione di una conversazione attende da più di 24 ore.
notification-service_edited-title = Abbiamo modificato il tuo servizio “{ $service }”
notification-service_edited-body = I nostri moderatori lo hanno modificato. Motivo: { $reason }
notification-service_image_removed-title = Abbiamo rimosso una foto
notification-service_image_removed-body = I nostri moderatori hanno rimosso una foto del tuo servizio “{ $service }”. Motivo: { $reason }
notification-service_withdrawn-title = Abbiamo ritirato il tuo servizio “{ $service }”
notification-service_withdrawn-body = Non può più essere trovato né prenotato, e le prenotazioni future vengono annullate da noi. Motivo: { $reason }
notification-service_nearby-title = Novità vicino a { $other }
notification-service_nearby-body = «{ $service }» è ora disponibile vicino a { $other }.
