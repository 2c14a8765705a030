# adapters
social_token_invalid = This sign-in could not be confirmed. Please try again.
social_provider_unavailable = Signing in with this service is not offered here.

# The pages of the sandbox gateway.
page-sandbox-payment-title = Approve this payment?
page-sandbox-payment-text = { $description } – Your bank would ask you here. This is a test: no money moves.
page-sandbox-method-title = Keep this card?
page-sandbox-method-text = A test card will be kept for later payments. No real card is needed.
page-sandbox-account-title = Confirm this account?
page-sandbox-account-text = The payment service would check the provider's documents here. This is a test.
page-sandbox-done-title = Done
page-sandbox-done-text = There is nothing left to decide here. You can go back to the app.
page-sandbox-approve = Approve
page-sandbox-refuse = Refuse
page-sandbox-back = Back to the app
