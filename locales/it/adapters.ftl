# adapters
social_token_invalid = Non è stato possibile confermare questo accesso. Riprova.
social_provider_unavailable = Qui non è possibile accedere con questo servizio.
