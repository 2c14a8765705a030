# La pagina iniziale.
start-language = Lingua
start-language_name = Italiano
start-what = Un mercato di servizi vicino a te: le persone trovano un idraulico, un insegnante o un parrucchiere, prenotano un orario e lasciano una valutazione; i fornitori ci gestiscono la loro attività. Questo è il server dietro l'app.
start-docs = Leggi e prova ogni chiamata
start-openapi = Il documento per i generatori di codice
start-outbox = E-mail e SMS
start-outbox_about = Ciò che il server avrebbe inviato
start-nearby = Servizi a Berlino
start-nearby_about = Una risposta come la riceve l'app
start-metrics = Per Prometheus
start-logins = Account demo
start-password = Tutti hanno la password
start-name = Nome
start-email = E-mail
start-role = Ruolo

socket-title = Il socket
socket-about = Ciò che succede a qualcuno, mentre succede. Scegli chi essere e usa l’API accanto.
socket-email = E-mail
socket-password = Password
socket-after = Eventi dopo
socket-connect = Connetti
socket-frame = Frame
socket-send = Invia
start-socket = Guarda dal vivo cosa succede
start-asyncapi = Cosa passa sul socket
