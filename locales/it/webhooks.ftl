# webhooks
too_many_endpoints = Ci sono già cinquanta endpoint. Prima rimuovine uno.
endpoint_off = Questo endpoint è disattivato. Prima attivalo.

field-webhook_url = Indica un indirizzo pubblico che inizi con https://, senza nome utente, sulla porta 443 o superiore a 1023.
field-listed_twice = Indica ciascuno una volta sola.
