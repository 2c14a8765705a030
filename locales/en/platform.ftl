# Errors that every path can give, by code.
malformed_request = The request could not be read.
cursor_invalid = This page link is not valid any more. Please load the list again.
unauthenticated = Please sign in.
token_expired = Your sign-in has expired. Please refresh it or sign in again.
token_invalid = This sign-in is not valid. Please sign in again.
session_ended = This sign-in has been ended. Please sign in again.
account_suspended = This account is suspended. Please contact support.
forbidden = You are not allowed to do this.
own_matter = You are a party to this yourself. Somebody else of the staff has to do it.
provider_required = Only providers can do this. Register as a provider first.
not_found = There is nothing here, or you may not see it.
method_not_allowed = This address does not support that action.
conflict = This is not possible in the present state.
stale_version = This has been changed in the meantime. Load it again and repeat your change.
payload_too_large = This is too large to send.
uri_too_long = This address is too long.
unsupported_media_type = Content of this type is not accepted here.
validation_failed = Some of the values are not valid.
too_many_requests = Too many requests. Please wait a moment.
unavailable = This is not available right now. Please try again in a moment.
internal = Something went wrong on our side. Please try again.
idempotency_key_reused = This Idempotency-Key was used for another request.
request_in_progress = The first request with this Idempotency-Key is still running.

# Why a payment gateway did not do it.
card_declined = Your bank declined the payment. Please use another card, or ask your bank.
insufficient_funds = There is not enough money on the account. Please use another card.
expired_card = This card has expired. Please use another one.
incorrect_cvc = The security code of the card is wrong. Please check it.
authentication_required = Your bank wants you to approve this payment. Please open the app and pay again.
authentication_failed = The payment was not approved. Please try again.
fraud_suspected = The payment was declined. Please use another card, or ask your bank.
limit_exceeded = The amount is above a limit of the account. Please use another card, or ask your bank.
method_not_supported = This card or account cannot be used here. Please use another one.
method_not_found = This payment method is not known any more. Please add it again.
payment_cancelled = The payment was cancelled. You can pay again.
processing_error = The payment could not be processed. Please try again in a moment.
charge_not_open = This is not possible for the payment any more.
payout_account_unusable = Your payout account cannot be paid. Please check its details.
payout_funds_missing = The payout cannot be made yet. Please try again tomorrow.
webhook_not_signed = The signature of this message does not hold.
webhook_not_readable = This message cannot be read.
webhook_not_checkable = The signature of this message cannot be checked right now.

# What can be wrong with a field.
field-required = This is required.
field-wrong_type = This has the wrong type.
field-unknown_choice = This is not one of the possible choices.
field-too_short = Please enter at least { $min } { $min ->
    [one] character
   *[other] characters
}.
field-too_long = Please enter at most { $max } { $max ->
    [one] character
   *[other] characters
}.
field-too_small = This must be at least { $min }.
field-too_large = This must be at most { $max }.
field-invalid = This is not valid.
field-invalid_email = This is not a valid email address.
field-invalid_phone = This is not a valid phone number. Please include the country code, like +49.
field-invalid_amount = Please enter an amount with at most two decimals, like 49.90.
field-unknown_currency = This currency is not known.
field-unknown_timezone = This time zone is not known.
field-control_character = This contains a character that is not allowed.

# Months, in a date.
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
