# Fehler, die jeder Pfad geben kann, nach Code.
malformed_request = Die Anfrage konnte nicht gelesen werden.
unauthenticated = Bitte melden Sie sich an.
token_expired = Ihre Anmeldung ist abgelaufen. Bitte erneuern Sie sie oder melden Sie sich neu an.
token_invalid = Diese Anmeldung ist nicht gültig. Bitte melden Sie sich neu an.
session_ended = Diese Anmeldung wurde beendet. Bitte melden Sie sich neu an.
account_suspended = Dieses Konto ist gesperrt. Bitte wenden Sie sich an den Support.
forbidden = Das dürfen Sie nicht.
provider_required = Das können nur Anbieter. Registrieren Sie sich zuerst als Anbieter.
not_found = Hier ist nichts, oder Sie dürfen es nicht sehen.
method_not_allowed = Diese Adresse unterstützt diese Aktion nicht.
conflict = Das ist im gegenwärtigen Zustand nicht möglich.
stale_version = Das wurde inzwischen geändert. Laden Sie es neu und wiederholen Sie Ihre Änderung.
payload_too_large = Das ist zu groß zum Senden.
unsupported_media_type = Inhalte dieser Art werden hier nicht angenommen.
validation_failed = Einige Angaben sind nicht gültig.
too_many_requests = Zu viele Anfragen. Bitte warten Sie einen Moment.
unavailable = Das ist gerade nicht verfügbar. Bitte versuchen Sie es gleich noch einmal.
internal = Bei uns ist etwas schiefgegangen. Bitte versuchen Sie es noch einmal.
idempotency_key_reused = Dieser Idempotency-Key wurde für eine andere Anfrage verwendet.
request_in_progress = Die erste Anfrage mit diesem Idempotency-Key läuft noch.

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
field-invalid_cursor = Dieser Seitenverweis ist nicht mehr gültig.
field-unknown_currency = Diese Währung ist nicht bekannt.
field-unknown_timezone = Diese Zeitzone ist nicht bekannt.
field-control_character = Das enthält ein Zeichen, das nicht erlaubt ist.
