# adapters
social_token_invalid = Non è stato possibile confermare questo accesso. Riprova.
social_provider_unavailable = Qui non è possibile accedere con questo servizio.

# Le pagine del servizio di pagamento di prova.
page-sandbox-payment-title = Approvi questo pagamento?
page-sandbox-payment-text = { $description } – Qui te lo chiederebbe la tua banca. È una prova: non si muove denaro.
page-sandbox-method-title = Vuoi conservare questa carta?
page-sandbox-method-text = Una carta di prova verrà conservata per i prossimi pagamenti. Non serve una carta vera.
page-sandbox-account-title = Confermi questo conto?
page-sandbox-account-text = Qui il servizio di pagamento controllerebbe i documenti del fornitore. È una prova.
page-sandbox-done-title = Fatto
page-sandbox-done-text = Qui non c'è più nulla da decidere. Puoi tornare all'app.
page-sandbox-approve = Approva
page-sandbox-refuse = Rifiuta
page-sandbox-back = Torna all'app
