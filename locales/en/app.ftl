# The start page.
start-language = Language
start-language_name = English
start-what = A marketplace for services near you: people find a plumber, a tutor or a stylist, book a time, and rate; providers run their business on it. This is the server behind the app.
start-docs = Read every call and try it
start-openapi = The document for code generators
start-outbox = Mail and SMS
start-outbox_about = What the server would have sent
start-nearby = Services in Berlin
start-nearby_about = An answer as the app gets it
start-metrics = For Prometheus
start-logins = Demo accounts
start-password = All of them have the password
start-name = Name
start-email = Email
start-role = Role

socket-title = The socket
socket-about = What happens to somebody, as it happens. Choose who to be, and use the API beside it.
socket-email = E-mail
socket-password = Password
socket-after = Events after
socket-connect = Connect
socket-frame = Frame
socket-send = Send
start-socket = Watch what happens, live
start-asyncapi = What goes over the socket
