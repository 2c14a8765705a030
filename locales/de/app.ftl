# Die Startseite.
start-language = Sprache
start-language_name = Deutsch
start-what = Ein Marktplatz für Dienstleistungen in der Nähe: Menschen finden Klempner, Nachhilfe oder Friseur, buchen einen Termin und bewerten; Anbieter führen darauf ihr Geschäft. Dies ist der Server hinter der App.
start-docs = Jeden Aufruf nachlesen und ausprobieren
start-openapi = Das Dokument für Codegeneratoren
start-outbox = Mail und SMS
start-outbox_about = Was der Server verschickt hätte
start-nearby = Angebote in Berlin
start-nearby_about = Eine Antwort, wie die App sie bekommt
start-metrics = Für Prometheus
start-logins = Demo-Konten
start-password = Alle haben das Passwort
start-name = Name
start-email = E-Mail
start-role = Rolle

socket-title = Der Socket
socket-about = Was jemandem geschieht, während es geschieht. Wählen Sie, wer Sie sind, und benutzen Sie daneben die API.
socket-email = E-Mail
socket-password = Passwort
socket-after = Ereignisse nach
socket-connect = Verbinden
socket-frame = Frame
socket-send = Senden
start-socket = Zusehen, was geschieht
start-asyncapi = Was über den Socket geht
