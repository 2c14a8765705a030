# notifications
too_many_areas = Sie können höchstens drei Orte speichern. Entfernen Sie zuerst einen.
too_many_sent = Sie haben in der letzten Stunde viele Nachrichten verschickt. Bitte versuchen Sie es später noch einmal.
delivery_under_way = Diese Nachricht wird gerade gesendet.
wording_changed = Diese Texte hat inzwischen jemand anderes geändert. Bitte laden Sie sie neu und wiederholen Sie Ihre Änderung.

field-ids_or_all = Bitte geben Sie entweder ids oder all an, nicht beides.
field-users_or_segment = Bitte geben Sie entweder Personen oder ein Segment an, nicht beides.
field-consent_needed = Bitte stimmen Sie zu, von neuen Angeboten in der Nähe dieses Ortes zu hören.
field-wording_syntax = Das lässt sich nicht lesen. Bitte prüfen Sie die Klammern: Ein Platzhalter sieht so aus: {"{"} $name {"}"}.
field-wording_variable = Diese Nachricht kennt { $name } nicht. Sie kennt { $known }.
field-wording_without_variables = Diese Nachricht hat keine Platzhalter, also auch { $name } nicht.
field-wording_reference = Hier sind nur Platzhalter möglich, nicht „{ $name }“.

# Was alle gemeinsam haben.
notification-moment = { $date } um { $time } Uhr
notification-mail-button = In der App öffnen
notification-mail-end = Was wir Ihnen wie mitteilen, wählen Sie in den Einstellungen der App.
notification-mail-end_needed = Diese Nachricht ist wichtig, deshalb erhalten sie alle.
notification-gathered-title = SkillBuddy
notification-gathered-body = { $count ->
    [one] { $count } neue Mitteilung
   *[other] { $count } neue Mitteilungen
}

# Worüber E-Mails sind, in einem Satz.
notification-kind-booking = Buchungen
notification-kind-payment = Zahlungen
notification-kind-review = Bewertungen
notification-kind-message = Nachrichten
notification-kind-system = Ihr Konto und unseren Dienst
notification-kind-marketing = Angebote

page-unsubscribe_ask-title = Keine E-Mails mehr?
page-unsubscribe_ask-text = Wir schicken Ihnen dann keine E-Mails mehr über { $kind }. Wichtiges kommt weiterhin.
page-unsubscribe_ask-button = Abbestellen
page-unsubscribe_done-title = Abbestellt
page-unsubscribe_done-text = Wir schicken Ihnen keine E-Mails mehr über { $kind }. In den Einstellungen der App können Sie das ändern.
page-unsubscribe_unknown-title = Diesen Link kennen wir nicht
page-unsubscribe_unknown-text = Bitte öffnen Sie den Link aus unserer E-Mail noch einmal, oder ändern Sie Ihre Wahl in den Einstellungen der App.

# Buchungen.
notification-booking_requested-title = Neue Anfrage
notification-booking_requested-body = { $other } fragt „{ $service }“ für { $when } an. Bitte antworten Sie.
notification-booking_new-title = Neue Buchung
notification-booking_new-body = { $other } hat „{ $service }“ gebucht: { $when }.
notification-booking_confirmed-title = Buchung bestätigt
notification-booking_confirmed-body = „{ $service }“ mit { $other } ist bestätigt: { $when }.
notification-booking_accepted-title = Buchung angenommen
notification-booking_accepted-body = { $other } hat „{ $service }“ angenommen: { $when }.
notification-booking_declined-title = Buchung abgelehnt
notification-booking_declined-body = { $other } kann „{ $service }“ nicht übernehmen ({ $when }). Was Sie bezahlt haben, erhalten Sie zurück.
notification-booking_withdrawn-title = Anfrage zurückgezogen
notification-booking_withdrawn-body = { $other } braucht „{ $service }“ nicht mehr ({ $when }).
notification-booking_payment_expired-title = Buchung nicht bezahlt
notification-booking_payment_expired-body = „{ $service }“ ({ $when }) wurde nicht rechtzeitig bezahlt. Sie können es noch einmal buchen.
notification-booking_expired-title = Keine Antwort
notification-booking_expired-body = { $other } hat auf „{ $service }“ ({ $when }) nicht rechtzeitig geantwortet. Was Sie bezahlt haben, erhalten Sie zurück.
notification-booking_missed-title = Anfrage abgelaufen
notification-booking_missed-body = Sie haben { $other } auf „{ $service }“ ({ $when }) nicht rechtzeitig geantwortet.
notification-booking_moved-title = Buchung verschoben
notification-booking_moved-body = { $other } hat „{ $service }“ verschoben: { $when }.
notification-booking_move_proposed-title = Anderer Termin?
notification-booking_move_proposed-body = { $other } schlägt für „{ $service }“ ({ $when }) einen anderen Termin vor. Bitte antworten Sie.
notification-booking_move_accepted-title = Neuer Termin vereinbart
notification-booking_move_accepted-body = { $other } ist einverstanden. „{ $service }“: { $when }.
notification-booking_move_declined-title = Termin bleibt
notification-booking_move_declined-body = { $other } möchte „{ $service }“ nicht verschieben. Es bleibt bei { $when }.
notification-booking_move_withdrawn-title = Termin bleibt
notification-booking_move_withdrawn-body = { $other } möchte „{ $service }“ nicht mehr verschieben. Es bleibt bei { $when }.
notification-booking_move_expired-title = Termin bleibt
notification-booking_move_expired-body = Auf den anderen Termin hat niemand rechtzeitig geantwortet. „{ $service }“ bleibt bei { $when }.
notification-booking_started-title = Es geht los
notification-booking_started-body = { $other } hat mit „{ $service }“ begonnen.
notification-booking_completed-title = Wie war es?
notification-booking_completed-body = „{ $service }“ ist erledigt. Erzählen Sie anderen, wie { $other } gearbeitet hat.
notification-booking_closed-title = Auftrag erledigt
notification-booking_closed-body = „{ $service }“ für { $other } gilt als erledigt.
notification-booking_cancelled-title = Buchung storniert
notification-booking_cancelled-body = „{ $service }“ mit { $other } wurde storniert ({ $when }).
notification-booking_no_show-title = Niemand da
notification-booking_no_show-body = „{ $service }“ mit { $other } ({ $when }) wurde als versäumt gemeldet. Wenn das nicht stimmt, widersprechen Sie bitte innerhalb von 48 Stunden in der App.
notification-booking_no_show_contested-title = Abwesenheit bestritten
notification-booking_no_show_contested-body = { $other } bestreitet, „{ $service }“ ({ $when }) versäumt zu haben. Wir sehen es uns an und entscheiden.
notification-booking_no_show_confirmed-title = Abwesenheit bestätigt
notification-booking_no_show_confirmed-body = Niemand hat rechtzeitig bestritten, dass „{ $service }“ mit { $other } ({ $when }) versäumt wurde. Das ist nun endgültig.
notification-booking_disputed-title = Auftrag beanstandet
notification-booking_disputed-body = { $other } ist mit „{ $service }“ ({ $when }) nicht zufrieden. Die Begründung steht in der Buchung; wir sehen es uns an und entscheiden.
notification-booking_resolved-title = Entscheidung getroffen
notification-booking_resolved-body = Wir haben über „{ $service }“ mit { $other } ({ $when }) entschieden. Wie und warum, steht in der Buchung.
notification-booking_payment_lost-title = Bitte zahlen Sie noch einmal
notification-booking_payment_lost-body = Ihre Bank hat Ihre Zahlung für „{ $service }“ mit { $other } zurückgeholt ({ $when }). Die Buchung ist jetzt unbezahlt: Bitte zahlen Sie noch einmal, bevor sie beginnt.
notification-booking_unpaid-title = Nicht beginnen, bevor bezahlt ist
notification-booking_unpaid-body = Die Bank von { $other } hat die Zahlung für „{ $service }“ ({ $when }) zurückgeholt. Bitte beginnen Sie nicht, bevor wieder bezahlt ist; wir sagen es Ihnen sofort.
notification-booking_paid_again-title = Zahlung wieder gesichert
notification-booking_paid_again-body = Die Zahlung für „{ $service }“ mit { $other } ({ $when }) ist wieder gesichert.
notification-booking_cancelled_unpaid-title = Storniert: nicht bezahlt
notification-booking_cancelled_unpaid-body = „{ $service }“ mit { $other } ({ $when }) wurde storniert, weil auch der letzte Versuch, die Zahlung einzuziehen, fehlgeschlagen ist.
notification-booking_tomorrow-title = In 24 Stunden
notification-booking_tomorrow-body = „{ $service }“ mit { $other }: { $when }.
notification-booking_soon-title = In 2 Stunden
notification-booking_soon-body = „{ $service }“ mit { $other }: { $when }.

# Geld.
notification-payment_received-title = Ihre Quittung { $number }
notification-payment_received-body = Wir haben { $amount }{ $named ->
    [0] {""}
   *[other] {" "}für „{ $service }“
} erhalten. Vielen Dank. Ihre Quittung hat die Nummer { $number }.
notification-payment_failed-title = Zahlung fehlgeschlagen
notification-payment_failed-body = Ihre Zahlung über { $amount }{ $named ->
    [0] {""}
   *[other] {" "}für „{ $service }“
} hat nicht geklappt. Bitte zahlen Sie auf andere Weise.
notification-payment_retried-title = Zahlung fehlgeschlagen
notification-payment_retried-body = Wir konnten { $amount } für „{ $service }“ nicht einziehen. Wir versuchen es wieder: { $when }. Sie können auch jetzt oder auf andere Weise zahlen.
notification-payment_delayed-title = Eine Zahlung verspätet sich
notification-payment_delayed-body = Die Zahlung über { $amount } von { $other } für „{ $service }“ ist fehlgeschlagen. Wir versuchen es wieder: { $when }.
notification-payment_owed-title = Zahlung überfällig
notification-payment_owed-body = Wir konnten { $amount } für „{ $service }“ nicht einziehen und versuchen es nicht noch einmal. Sie schulden diesen Betrag: Bitte zahlen Sie ihn in der App.
notification-payment_outstanding-title = Eine Zahlung fehlt
notification-payment_outstanding-body = Die Zahlung über { $amount } von { $other } für „{ $service }“ ist zum letzten Mal fehlgeschlagen. { $other } schuldet sie noch; sie gehört Ihnen, sobald sie bezahlt ist.
notification-payment_refunded-title = Erstattung { $number }
notification-payment_refunded-body = Sie erhalten { $amount }{ $named ->
    [0] {""}
   *[other] {" "}für „{ $service }“
} zurück. Die Gutschrift hat die Nummer { $number }.
notification-withdrawal_paid-title = Auszahlung angekommen
notification-withdrawal_paid-body = Wir haben { $amount } auf Ihr Konto ausgezahlt.
notification-withdrawal_failed-title = Auszahlung fehlgeschlagen
notification-withdrawal_failed-body = Wir konnten { $amount } nicht auf Ihr Konto auszahlen. Das Geld ist wieder verfügbar; bitte prüfen Sie Ihr Auszahlungskonto.
notification-payout_account_changed-title = Auszahlungskonto geändert
notification-payout_account_changed-body = Ihr Auszahlungskonto wurde geändert. Falls Sie das nicht waren, schreiben Sie uns bitte sofort.
notification-payout_account_problem-title = Auszahlungskonto nicht nutzbar
notification-payout_account_problem-body = Auf Ihr Auszahlungskonto kann zurzeit nichts gezahlt werden. Bitte prüfen Sie die Angaben.

# Das Übrige.
notification-account_restored-title = Willkommen zurück
notification-account_restored-body = Ihr Konto bleibt. Bitte melden Sie sich auf Ihren Geräten an, um dort Mitteilungen zu erhalten.
notification-mailbox_unreachable-title = Mails erreichen Sie nicht
notification-mailbox_unreachable-body = Eine Mail an Ihre Adresse kam zurück, deshalb senden wir 30 Tage lang keine mehr. Bitte prüfen Sie die Adresse in Ihrem Profil, oder schalten Sie Mails in den Einstellungen wieder ein.
# A message without words of its own.
notification-attachment-image = Ein Foto
notification-attachment-document = Ein Dokument
notification-attachment-audio = Eine Sprachnachricht
notification-attachment-video = Ein Video
notification-attachment-location = Ein Ort
notification-attachment-booking_card = Eine Buchung
notification-message_received-title = { $other }
notification-message_received-body = { $count ->
    [one] { $count } neue Nachricht
   *[other] { $count } neue Nachrichten
}
notification-report_upheld-title = Danke für Ihre Meldung
notification-report_upheld-body = Wir haben Ihre Meldung geprüft. Es war ein Verstoß gegen unsere Regeln, und wir haben gehandelt.
notification-report_rejected-title = Danke für Ihre Meldung
notification-report_rejected-body = Wir haben Ihre Meldung geprüft und keinen Verstoß gegen unsere Regeln gefunden. Wer Sie stört, den können Sie blockieren.
notification-report_overdue-title = Eine Meldung wartet
notification-report_overdue-body = Die Meldung eines Gesprächs wartet seit mehr als 24 Stunden.
notification-service_edited-title = Wir haben Ihre Leistung „{ $service }“ geändert
notification-service_edited-body = Unsere Moderation hat sie geändert. Grund: { $reason }
notification-service_image_removed-title = Wir haben ein Bild entfernt
notification-service_image_removed-body = Unsere Moderation hat ein Bild Ihrer Leistung „{ $service }“ entfernt. Grund: { $reason }
notification-service_withdrawn-title = Wir haben Ihre Leistung „{ $service }“ zurückgezogen
notification-service_withdrawn-body = Sie kann nicht mehr gefunden oder gebucht werden, und kommende Buchungen sagen wir ab. Grund: { $reason }
notification-service_nearby-title = Neu bei { $other }
notification-service_nearby-body = „{ $service }“ wird jetzt in der Nähe von { $other } angeboten.
