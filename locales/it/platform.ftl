# Errori che ogni percorso può dare, per codice.
malformed_request = Non è stato possibile leggere la richiesta.
cursor_invalid = Questo link alla pagina non è più valido. Ricarica l'elenco.
unauthenticated = Accedi, per favore.
token_expired = L'accesso è scaduto. Rinnovalo o accedi di nuovo.
token_invalid = Questo accesso non è valido. Accedi di nuovo.
session_ended = Questo accesso è stato chiuso. Accedi di nuovo.
account_suspended = Questo account è sospeso. Contatta l'assistenza.
forbidden = Non sei autorizzato a farlo.
own_matter = Lei è parte in causa. Deve occuparsene un'altra persona del team.
provider_required = Solo i fornitori possono farlo. Registrati prima come fornitore.
not_found = Qui non c'è nulla, oppure non puoi vederlo.
method_not_allowed = Questo indirizzo non supporta tale azione.
conflict = Non è possibile nello stato attuale.
stale_version = Nel frattempo è stato modificato. Ricaricalo e ripeti la modifica.
payload_too_large = È troppo grande da inviare.
uri_too_long = Questo indirizzo è troppo lungo.
unsupported_media_type = Contenuti di questo tipo non sono accettati qui.
validation_failed = Alcuni valori non sono validi.
too_many_requests = Troppe richieste. Attendi un momento.
unavailable = Al momento non è disponibile. Riprova tra poco.
internal = Qualcosa è andato storto da parte nostra. Riprova.
idempotency_key_reused = Questa Idempotency-Key è stata usata per un'altra richiesta.
request_in_progress = La prima richiesta con questa Idempotency-Key è ancora in corso.

# Perché un servizio di pagamento non l'ha fatto.
card_declined = La tua banca ha rifiutato il pagamento. Usa un'altra carta o chiedi alla tua banca.
insufficient_funds = Sul conto non c'è abbastanza denaro. Usa un'altra carta.
expired_card = Questa carta è scaduta. Usane un'altra.
incorrect_cvc = Il codice di sicurezza della carta è sbagliato. Controllalo.
authentication_required = La tua banca vuole che tu approvi questo pagamento. Apri l'app e paga di nuovo.
authentication_failed = Il pagamento non è stato approvato. Riprova.
fraud_suspected = Il pagamento è stato rifiutato. Usa un'altra carta o chiedi alla tua banca.
limit_exceeded = L'importo supera un limite del conto. Usa un'altra carta o chiedi alla tua banca.
method_not_supported = Questa carta o questo conto non si può usare qui. Usane un altro.
method_not_found = Questo metodo di pagamento non è più noto. Aggiungilo di nuovo.
payment_cancelled = Il pagamento è stato annullato. Puoi pagare di nuovo.
processing_error = Il pagamento non ha potuto essere elaborato. Riprova tra poco.
charge_not_open = Per questo pagamento non è più possibile.
payout_account_unusable = Il tuo conto per gli accrediti non può ricevere denaro. Controlla i dati.
payout_funds_missing = L'accredito non è ancora possibile. Riprova domani.
webhook_not_signed = La firma di questo messaggio non è valida.
webhook_not_readable = Questo messaggio non è leggibile.
webhook_not_checkable = Al momento la firma di questo messaggio non si può verificare.

# Che cosa può non andare in un campo.
field-required = Questo valore è obbligatorio.
field-wrong_type = Questo valore è del tipo sbagliato.
field-unknown_choice = Non è una delle scelte possibili.
field-too_short = Inserisci almeno { $min } { $min ->
    [one] carattere
   *[other] caratteri
}.
field-too_long = Inserisci al massimo { $max } { $max ->
    [one] carattere
   *[other] caratteri
}.
field-too_small = Deve essere almeno { $min }.
field-too_large = Deve essere al massimo { $max }.
field-invalid = Non è valido.
field-invalid_email = Non è un indirizzo e-mail valido.
field-invalid_phone = Non è un numero di telefono valido. Includi il prefisso internazionale, ad esempio +39.
field-invalid_amount = Inserisci un importo con al massimo due decimali, ad esempio 49.90.
field-unknown_currency = Questa valuta non è nota.
field-unknown_timezone = Questo fuso orario non è noto.
field-control_character = Contiene un carattere non consentito.

# Months, in a date.
month-1 = gennaio
month-2 = febbraio
month-3 = marzo
month-4 = aprile
month-5 = maggio
month-6 = giugno
month-7 = luglio
month-8 = agosto
month-9 = settembre
month-10 = ottobre
month-11 = novembre
month-12 = dicembre
