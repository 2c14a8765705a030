# chat
chat_blocked = Sie können einander nicht schreiben.
conversation_closed = Diese Person ist nicht mehr hier.
too_many_inquiries = Sie haben heute viele Gespräche begonnen. Bitte versuchen Sie es morgen wieder.
message_not_editable = Diese Nachricht kann nicht mehr bearbeitet werden.
report_decided = Über diese Meldung ist schon entschieden.
unsupported_file = Dateien dieser Art können nicht gesendet werden.
infected_file = Diese Datei enthält einen Virus. Sie wurde nicht gesendet.

field-yourself = Das sind Sie selbst.

chat-booking-created = Die Buchung wurde angefragt.
chat-booking-payment_secured = Die Buchung ist bezahlt.
chat-booking-payment_expired = Die Buchung ist verfallen: Die Zahlung kam nicht rechtzeitig.
chat-booking-payment_lost = Die Zahlung ist weg: Die Bank hat sie zurückgeholt.
chat-booking-payment_restored = Die Zahlung ist wieder gesichert.
chat-booking-accepted = Die Buchung ist bestätigt.
chat-booking-declined = Die Buchung wurde abgelehnt.
chat-booking-withdrawn = Die Anfrage wurde zurückgezogen.
chat-booking-expired = Die Anfrage ist verfallen: Sie wurde nicht rechtzeitig beantwortet.
chat-booking-rescheduled = Die Buchung wurde verschoben.
chat-booking-reschedule_proposed = Für die Buchung wurde ein anderer Termin vorgeschlagen.
chat-booking-reschedule_accepted = Der vorgeschlagene Termin wurde angenommen.
chat-booking-reschedule_declined = Der vorgeschlagene Termin wurde abgelehnt.
chat-booking-reschedule_withdrawn = Der Terminvorschlag wurde zurückgezogen.
chat-booking-reschedule_expired = Der Terminvorschlag ist verfallen: Er wurde nicht rechtzeitig beantwortet.
chat-booking-started = Der Auftrag hat begonnen.
chat-booking-completed = Der Auftrag ist erledigt.
chat-booking-cancelled = Die Buchung wurde storniert.
chat-booking-no_show = Jemand war nicht da.
chat-booking-no_show_contested = Der gemeldeten Abwesenheit wurde widersprochen. Wir entscheiden darüber.
chat-booking-no_show_confirmed = Die gemeldete Abwesenheit ist endgültig.
chat-booking-disputed = Der Auftrag wurde beanstandet. Wir entscheiden darüber.
chat-booking-resolved_for_customer = Es wurde zugunsten der Kundin oder des Kunden entschieden.
chat-booking-resolved_for_provider = Es wurde zugunsten des Anbieters entschieden.
chat-booking-resolved_by_split = Es wurde entschieden: Beide erhalten einen Teil.

chat-staff_joined = { $name } vom SkillBuddy-Support ist jetzt in diesem Gespräch.
chat-staff_left = { $name } vom SkillBuddy-Support hat dieses Gespräch verlassen.
