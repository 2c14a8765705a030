# Fehler, die jeder Pfad geben kann, nach Code.
malformed_request = Die Anfrage konnte nicht gelesen werden.
cursor_invalid = Dieser Seitenlink gilt nicht mehr. Bitte laden Sie die Liste neu.
unauthenticated = Bitte melden Sie sich an.
token_expired = Ihre Anmeldung ist abgelaufen. Bitte erneuern Sie sie oder melden Sie sich neu an.
token_invalid = Diese Anmeldung ist nicht gültig. Bitte melden Sie sich neu an.
session_ended = Diese Anmeldung wurde beendet. Bitte melden Sie sich neu an.
account_suspended = Dieses Konto ist gesperrt. Bitte wenden Sie sich an den Support.
forbidden = Das dürfen Sie nicht.
own_matter = Sie sind daran selbst beteiligt. Das muss jemand anderes aus dem Team tun.
provider_required = Das können nur Anbieter. Registrieren Sie sich zuerst als Anbieter.
not_found = Hier ist nichts, oder Sie dürfen es nicht sehen.
method_not_allowed = Diese Adresse unterstützt diese Aktion nicht.
conflict = Das ist im gegenwärtigen Zustand nicht möglich.
stale_version = Das wurde inzwischen geändert. Laden Sie es neu und wiederholen Sie Ihre Änderung.
payload_too_large = Das ist zu groß zum Senden.
uri_too_long = Diese Adresse ist zu lang.
unsupported_media_type = Inhalte dieser Art werden hier nicht angenommen.
validation_failed = Einige Angaben sind nicht gültig.
too_many_requests = Zu viele Anfragen. Bitte warten Sie einen Moment.
unavailable = Das ist gerade nicht verfügbar. Bitte versuchen Sie es gleich noch einmal.
internal = Bei uns ist etwas schiefgegangen. Bitte versuchen Sie es noch einmal.
idempotency_key_reused = Dieser Idempotency-Key wurde für eine andere Anfrage verwendet.
request_in_progress = Die erste Anfrage mit diesem Idempotency-Key läuft noch.

# Warum ein Zahlungsdienst es nicht getan hat.
card_declined = Ihre Bank hat die Zahlung abgelehnt. Bitte nehmen Sie eine andere Karte, oder fragen Sie Ihre Bank.
insufficient_funds = Auf dem Konto ist nicht genug Geld. Bitte nehmen Sie eine andere Karte.
expired_card = Diese Karte ist abgelaufen. Bitte nehmen Sie eine andere.
incorrect_cvc = Die Prüfziffer der Karte ist falsch. Bitte prüfen Sie sie.
authentication_required = Ihre Bank möchte, dass Sie diese Zahlung freigeben. Bitte öffnen Sie die App und zahlen Sie noch einmal.
authentication_failed = Die Zahlung wurde nicht freigegeben. Bitte versuchen Sie es noch einmal.
fraud_suspected = Die Zahlung wurde abgelehnt. Bitte nehmen Sie eine andere Karte, oder fragen Sie Ihre Bank.
limit_exceeded = Der Betrag liegt über einer Grenze des Kontos. Bitte nehmen Sie eine andere Karte, oder fragen Sie Ihre Bank.
method_not_supported = Diese Karte oder dieses Konto kann hier nicht verwendet werden. Bitte nehmen Sie etwas anderes.
method_not_found = Diese Zahlungsart ist nicht mehr bekannt. Bitte fügen Sie sie neu hinzu.
payment_cancelled = Die Zahlung wurde abgebrochen. Sie können noch einmal zahlen.
processing_error = Die Zahlung konnte nicht verarbeitet werden. Bitte versuchen Sie es gleich noch einmal.
charge_not_open = Bei dieser Zahlung ist das nicht mehr möglich.
payout_account_unusable = Auf Ihr Auszahlungskonto kann nicht ausgezahlt werden. Bitte prüfen Sie die Angaben.
payout_funds_missing = Die Auszahlung ist noch nicht möglich. Bitte versuchen Sie es morgen noch einmal.
webhook_not_signed = Die Unterschrift dieser Nachricht ist nicht gültig.
webhook_not_readable = Diese Nachricht ist nicht lesbar.
webhook_not_checkable = Die Unterschrift dieser Nachricht kann gerade nicht geprüft werden.

# Was an einem Feld falsch sein kann.
field-required = Diese Angabe fehlt.
field-wrong_type = Diese Angabe hat den falschen Typ.
field-unknown_choice = Das ist keine der möglichen Auswahlen.
field-too_short = Bitte geben Sie mindestens { $min } Zeichen ein.
field-too_long = Bitte geben Sie höchstens { $max } Zeichen ein.
field-too_small = Das muss mindestens { $min } sein.
field-too_large = Das darf höchstens { $max } sein.
field-invalid = Das ist nicht gültig.
field-invalid_email = Das ist keine gültige E-Mail-Adresse.
field-invalid_phone = Das ist keine gültige Telefonnummer. Bitte geben Sie die Landesvorwahl mit an, etwa +49.
field-invalid_amount = Bitte geben Sie einen Betrag mit höchstens zwei Nachkommastellen ein, etwa 49.90.
field-unknown_currency = Diese Währung ist nicht bekannt.
field-unknown_timezone = Diese Zeitzone ist nicht bekannt.
field-control_character = Das enthält ein Zeichen, das nicht erlaubt ist.

# Months, in a date.
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember
