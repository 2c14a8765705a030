# adapters
social_token_invalid = Diese Anmeldung konnte nicht bestätigt werden. Bitte versuchen Sie es noch einmal.
social_provider_unavailable = Die Anmeldung über diesen Dienst wird hier nicht angeboten.

# Die Seiten des Übungs-Zahlungsdienstes.
page-sandbox-payment-title = Diese Zahlung freigeben?
page-sandbox-payment-text = { $description } – Hier würde Ihre Bank Sie fragen. Dies ist ein Test: Es fließt kein Geld.
page-sandbox-method-title = Diese Karte behalten?
page-sandbox-method-text = Eine Testkarte wird für spätere Zahlungen behalten. Es braucht keine echte Karte.
page-sandbox-account-title = Dieses Konto bestätigen?
page-sandbox-account-text = Hier würde der Zahlungsdienst die Unterlagen des Anbieters prüfen. Dies ist ein Test.
page-sandbox-done-title = Erledigt
page-sandbox-done-text = Hier ist nichts mehr zu entscheiden. Sie können zur App zurückgehen.
page-sandbox-approve = Freigeben
page-sandbox-refuse = Ablehnen
page-sandbox-back = Zurück zur App
