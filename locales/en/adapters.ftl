# adapters
social_token_invalid = This sign-in could not be confirmed. Please try again.
social_provider_unavailable = Signing in with this service is not offered here.
