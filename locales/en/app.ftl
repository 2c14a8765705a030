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
