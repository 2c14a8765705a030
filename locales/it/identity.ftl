# Perché le richieste sugli account vengono rifiutate, per codice.
email_taken = Esiste già un account con questo indirizzo e-mail.
phone_number_taken = Questo numero di telefono appartiene a un altro account.
invalid_credentials = L'e-mail o la password non è corretta.
token_reused = Questo accesso è stato chiuso perché il suo token è stato usato due volte. Accedi di nuovo.
too_many_attempts = Troppi tentativi falliti. Attendi un momento.
too_many_codes = Ti abbiamo già inviato diverse e-mail. Cercale, oppure riprova più tardi.
sms_limit = Abbiamo già inviato diversi messaggi a questo numero. Riprova più tardi.
sms_country_not_supported = Non possiamo inviare messaggi a numeri di questo paese.
code_incorrect = Questo codice non è corretto.
code_expired = Questo codice non è più valido. Richiedine uno nuovo.
link_expired = Questo link non è più valido. Richiedine uno nuovo.
email_already_verified = Il tuo indirizzo e-mail è già confermato.
phone_already_verified = Il tuo numero di telefono è già confermato.
wrong_password = Questa password non è corretta.
password_required = Per cambiare il tuo indirizzo e-mail, indica anche la password oppure accedi di nuovo.
no_password = Il tuo account non ha una password. Reimpostala per sceglierne una.
account_has_obligations = C'è ancora qualcosa in sospeso: prenotazioni, pagamenti, accrediti o contestazioni. Prima va risolto.
account_exists = Esiste già un account con questo indirizzo e-mail. Accedi con la sua password.
social_email_missing = Questo servizio non ha comunicato un indirizzo e-mail. Registrati con il tuo indirizzo e-mail.

field-password_common = Questa password è troppo facile da indovinare. Usa più parole senza legami tra loro.
field-password_personal = La password non può contenere il tuo nome o il tuo indirizzo e-mail.

# Che cosa dicono le risposte.
message-signed_up = Ti diamo il benvenuto su SkillBuddy!
message-signed_in = Bentornato su SkillBuddy!
message-restored = Bentornato! Il tuo account non verrà eliminato.
message-reset_requested = Se esiste un account con questo indirizzo, un'e-mail è in arrivo.
message-mail_sent = Ti abbiamo inviato un'e-mail con un codice.
message-sms_sent = Ti abbiamo inviato un messaggio con un codice.
message-account_closing = Il tuo account verrà eliminato. Per conservarlo, accedi entro 14 giorni.

# E-mail.
mail-footer = Ricevi questa e-mail perché hai un account SkillBuddy.
mail-unknown_device = un dispositivo sconosciuto
mail-verify_email-subject = Conferma il tuo indirizzo e-mail
mail-verify_email-lead = Inserisci questo codice nell'app, oppure apri il link qui sotto, per confermare che questo è il tuo indirizzo e-mail. Entrambi valgono 15 minuti.
mail-verify_email-button = Conferma l'indirizzo
mail-verify_email-end = Se non l'hai richiesto tu, puoi ignorare questa e-mail.
mail-reset_password-subject = Reimposta la tua password
mail-reset_password-lead = Apri il link qui sotto, oppure inserisci questo token nell'app, per scegliere una nuova password. Entrambi valgono una sola volta, per un'ora.
mail-reset_password-button = Scegli una nuova password
mail-reset_password-end = Se non l'hai richiesto tu, puoi ignorare questa e-mail. La tua password resta quella di prima.
mail-new_device-subject = Nuovo accesso al tuo account
mail-new_device-lead = Qualcuno ha effettuato l'accesso al tuo account con { $device } da { $ip }, il { $at }.
mail-new_device-end = Se non sei stato tu, cambia subito la password e chiudi gli accessi che non riconosci.
mail-password_changed-subject = La tua password è stata cambiata
mail-password_changed-lead = La password del tuo account è appena stata cambiata.
mail-password_changed-end = Se non sei stato tu, reimposta subito la password e contatta l'assistenza.
mail-email_changed-subject = Il tuo indirizzo e-mail sta per cambiare
mail-email_changed-lead = Qualcuno ha chiesto di cambiare l'indirizzo e-mail del tuo account in { $to }. Cambierà quando quell'indirizzo sarà confermato; fino ad allora vale questo.
mail-email_changed-end = Se non sei stato tu, cambia subito la password: così la modifica non avviene.
mail-account_closing-subject = Il tuo account verrà eliminato
mail-account_closing-lead = Sei uscito da tutti i dispositivi. I tuoi dati personali verranno cancellati il { $due }. Per conservare l'account, accedi prima di allora.
mail-account_closing-end = Se non l'hai richiesto tu, accedi e cambia la password.
mail-account_restored-subject = Il tuo account resta attivo
mail-account_restored-lead = Hai effettuato di nuovo l'accesso, quindi il tuo account non verrà eliminato.
mail-account_restored-end = Se non sei stato tu, cambia subito la password.

# SMS; il codice sta davanti.
sms-code = è il tuo codice SkillBuddy. Vale 15 minuti. Non condividerlo.

# Pagine dietro i link delle e-mail.
page-verify-title = Conferma il tuo indirizzo e-mail
page-verify-text = Premi il pulsante per confermare che questo è il tuo indirizzo e-mail.
page-verify-button = Conferma l'indirizzo
page-verified-title = Il tuo indirizzo e-mail è confermato
page-verified-text = Grazie. Puoi chiudere questa pagina e tornare all'app.
page-expired-title = Questo link non è più valido
page-expired-text = È già stato usato oppure è scaduto. Richiedine uno nuovo nell'app.
page-reset-title = Scegli una nuova password
page-reset-text = Scegli una password di almeno 10 caratteri. Uscirai da tutti i dispositivi.
page-reset-label = Nuova password
page-reset-button = Salva la password
page-reset-problem = Scegli una password più lunga, più difficile da indovinare e che non contenga il tuo nome o il tuo indirizzo e-mail.
page-password_set-title = La tua nuova password è impostata
page-password_set-text = Puoi chiudere questa pagina e accedere con la nuova password.
