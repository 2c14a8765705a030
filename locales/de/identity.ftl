# Weswegen Anfragen zu Konten abgelehnt werden, nach Code.
email_taken = Zu dieser E-Mail-Adresse gibt es bereits ein Konto.
phone_number_taken = Diese Telefonnummer gehört zu einem anderen Konto.
invalid_credentials = E-Mail-Adresse oder Passwort ist falsch.
token_reused = Diese Anmeldung wurde beendet, weil ihr Token zweimal verwendet wurde. Bitte melden Sie sich neu an.
too_many_attempts = Zu viele Fehlversuche. Bitte warten Sie einen Moment.
too_many_codes = Wir haben Ihnen bereits mehrere E-Mails geschickt. Bitte sehen Sie dort nach oder versuchen Sie es später noch einmal.
sms_limit = Wir haben bereits mehrere Nachrichten an diese Nummer geschickt. Bitte versuchen Sie es später noch einmal.
sms_country_not_supported = An Nummern dieses Landes können wir keine Nachrichten senden.
code_incorrect = Dieser Code stimmt nicht.
code_expired = Dieser Code gilt nicht mehr. Bitte fordern Sie einen neuen an.
link_expired = Dieser Link gilt nicht mehr. Bitte fordern Sie einen neuen an.
email_already_verified = Ihre E-Mail-Adresse ist bereits bestätigt.
phone_already_verified = Ihre Telefonnummer ist bereits bestätigt.
wrong_password = Dieses Passwort stimmt nicht.
password_required = Um Ihre E-Mail-Adresse zu ändern, geben Sie auch Ihr Passwort an oder melden Sie sich zuvor neu an.
no_password = Ihr Konto hat kein Passwort. Setzen Sie es zurück, um eines festzulegen.
account_has_obligations = Es ist noch etwas offen: Buchungen, Zahlungen, Auszahlungen oder Streitfälle. Bitte erledigen Sie das zuerst.
account_exists = Zu dieser E-Mail-Adresse gibt es bereits ein Konto. Melden Sie sich mit dessen Passwort an.
social_email_missing = Dieser Dienst hat keine E-Mail-Adresse mitgeteilt. Bitte registrieren Sie sich mit Ihrer E-Mail-Adresse.

field-password_common = Dieses Passwort ist zu leicht zu erraten. Nehmen Sie mehrere Wörter, die nichts miteinander zu tun haben.
field-password_personal = Das Passwort darf weder Ihren Namen noch Ihre E-Mail-Adresse enthalten.

# Was Antworten sagen.
message-signed_up = Willkommen bei SkillBuddy!
message-signed_in = Willkommen zurück!
message-restored = Willkommen zurück! Ihr Konto wird nicht gelöscht.
message-reset_requested = Falls es zu dieser Adresse ein Konto gibt, ist eine E-Mail unterwegs.
message-mail_sent = Wir haben Ihnen eine E-Mail mit einem Code geschickt.
message-sms_sent = Wir haben Ihnen eine Nachricht mit einem Code geschickt.
message-account_closing = Ihr Konto wird gelöscht. Melden Sie sich innerhalb von 14 Tagen an, um es zu behalten.

# E-Mails.
mail-footer = Sie erhalten diese E-Mail wegen Ihres SkillBuddy-Kontos.
mail-unknown_device = einem unbekannten Gerät
mail-verify_email-subject = Bestätigen Sie Ihre E-Mail-Adresse
mail-verify_email-lead = Geben Sie diesen Code in der App ein oder öffnen Sie den Link, um zu bestätigen, dass dies Ihre E-Mail-Adresse ist. Beide gelten 15 Minuten.
mail-verify_email-button = Adresse bestätigen
mail-verify_email-end = Falls Sie das nicht angefordert haben, können Sie diese E-Mail ignorieren.
mail-reset_password-subject = Setzen Sie Ihr Passwort zurück
mail-reset_password-lead = Öffnen Sie den Link oder geben Sie dieses Token in der App ein, um ein neues Passwort festzulegen. Beide gelten einmal und eine Stunde lang.
mail-reset_password-button = Neues Passwort festlegen
mail-reset_password-end = Falls Sie das nicht angefordert haben, können Sie diese E-Mail ignorieren. Ihr Passwort bleibt, wie es ist.
mail-new_device-subject = Neue Anmeldung bei Ihrem Konto
mail-new_device-lead = Am { $at } hat sich jemand mit { $device } von { $ip } aus bei Ihrem Konto angemeldet.
mail-new_device-end = Falls Sie das nicht waren, ändern Sie jetzt Ihr Passwort und beenden Sie die Anmeldungen, die Sie nicht kennen.
mail-password_changed-subject = Ihr Passwort wurde geändert
mail-password_changed-lead = Das Passwort Ihres Kontos wurde soeben geändert.
mail-password_changed-end = Falls Sie das nicht waren, setzen Sie Ihr Passwort jetzt zurück und wenden Sie sich an den Support.
mail-email_changed-subject = Ihre E-Mail-Adresse soll geändert werden
mail-email_changed-lead = Jemand möchte die E-Mail-Adresse Ihres Kontos in { $to } ändern. Sie wird geändert, sobald jene Adresse bestätigt ist; bis dahin gilt diese.
mail-email_changed-end = Falls Sie das nicht waren, ändern Sie jetzt Ihr Passwort. Das verhindert die Änderung.
mail-account_closing-subject = Ihr Konto wird gelöscht
mail-account_closing-lead = Sie sind überall abgemeldet. Ihre persönlichen Daten werden am { $due } gelöscht. Um Ihr Konto zu behalten, melden Sie sich vorher an.
mail-account_closing-end = Falls Sie das nicht angefordert haben, melden Sie sich an und ändern Sie Ihr Passwort.
mail-account_restored-subject = Ihr Konto bleibt bestehen
mail-account_restored-lead = Sie haben sich wieder angemeldet, daher wird Ihr Konto nicht gelöscht.
mail-account_restored-end = Falls Sie das nicht waren, ändern Sie jetzt Ihr Passwort.

# SMS; der Code steht davor.
sms-code = ist Ihr SkillBuddy-Code. Er gilt 15 Minuten. Geben Sie ihn nicht weiter.

# Seiten hinter den Links der E-Mails.
page-verify-title = Bestätigen Sie Ihre E-Mail-Adresse
page-verify-text = Drücken Sie die Schaltfläche, um zu bestätigen, dass dies Ihre E-Mail-Adresse ist.
page-verify-button = Adresse bestätigen
page-verified-title = Ihre E-Mail-Adresse ist bestätigt
page-verified-text = Vielen Dank. Sie können diese Seite schließen und zur App zurückkehren.
page-expired-title = Dieser Link gilt nicht mehr
page-expired-text = Er wurde bereits verwendet oder ist abgelaufen. Bitte fordern Sie in der App einen neuen an.
page-reset-title = Neues Passwort festlegen
page-reset-text = Wählen Sie ein Passwort mit mindestens 10 Zeichen. Sie werden überall abgemeldet.
page-reset-label = Neues Passwort
page-reset-button = Passwort speichern
page-reset-problem = Bitte wählen Sie ein längeres Passwort, das schwerer zu erraten ist und weder Ihren Namen noch Ihre E-Mail-Adresse enthält.
page-password_set-title = Ihr neues Passwort ist festgelegt
page-password_set-text = Sie können diese Seite schließen und sich damit anmelden.
