# adapters
social_token_invalid = Diese Anmeldung konnte nicht bestätigt werden. Bitte versuchen Sie es noch einmal.
social_provider_unavailable = Die Anmeldung über diesen Dienst wird hier nicht angeboten.
