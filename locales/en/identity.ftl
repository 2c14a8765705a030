# What requests about accounts are refused for, by code.
email_taken = There is already an account with this email address.
phone_number_taken = This phone number belongs to another account.
invalid_credentials = Email or password is wrong.
token_reused = This sign-in was ended because its token was used twice. Please sign in again.
too_many_attempts = Too many failed tries. Please wait a moment.
too_many_codes = We have sent you several emails already. Please look for them, or try again later.
sms_limit = We have sent several messages to this number already. Please try again later.
sms_country_not_supported = We cannot send messages to numbers of this country.
code_incorrect = This code is not right.
code_expired = This code is no longer good. Please ask for a new one.
link_expired = This link is no longer good. Please ask for a new one.
email_already_verified = Your email address is already verified.
phone_already_verified = Your phone number is already verified.
wrong_password = This password is not right.
password_required = To change your email address, give your password too, or sign in again first.
no_password = Your account has no password. Reset it to set one.
account_has_obligations = You still have something open here: bookings, payments, payouts or disputes. Settle it first.
account_exists = There is already an account with this email address. Sign in with its password.
social_email_missing = This service did not share an email address. Please sign up with your email address.

field-password_common = This password is too easy to guess. Try several unrelated words.
field-password_personal = The password must not contain your name or email address.

# What answers say.
message-signed_up = Welcome to SkillBuddy!
message-signed_in = Welcome back!
message-restored = Welcome back! Your account will not be deleted.
message-reset_requested = If there is an account with this address, an email is on its way.
message-mail_sent = We have sent you an email with a code.
message-sms_sent = We have sent you a message with a code.
message-account_closing = Your account will be deleted. Sign in within 14 days to keep it.

# Mails.
mail-footer = You receive this email because of your SkillBuddy account.
mail-unknown_device = unknown device
mail-verify_email-subject = Confirm your email address
mail-verify_email-lead = Enter this code in the app, or open the link below, to confirm that this is your email address. Both are good for 15 minutes.
mail-verify_email-button = Confirm address
mail-verify_email-end = If you did not ask for this, you can ignore this email.
mail-reset_password-subject = Reset your password
mail-reset_password-lead = Open the link below, or enter this token in the app, to set a new password. Both are good once, for one hour.
mail-reset_password-button = Set a new password
mail-reset_password-end = If you did not ask for this, you can ignore this email. Your password stays as it is.
mail-new_device-subject = New sign-in to your account
mail-new_device-lead = Somebody signed in to your account with { $device } from { $ip } on { $at }.
mail-new_device-end = If this was not you, change your password now and end the sessions that you do not know.
mail-password_changed-subject = Your password was changed
mail-password_changed-lead = The password of your account has just been changed.
mail-password_changed-end = If this was not you, reset your password now and contact support.
mail-email_changed-subject = Your email address is to be changed
mail-email_changed-lead = Somebody asked to change the email address of your account to { $to }. It will be changed when that address is confirmed; until then this one counts.
mail-email_changed-end = If this was not you, change your password now. That stops the change.
mail-account_closing-subject = Your account will be deleted
mail-account_closing-lead = You are signed out everywhere. Your personal data will be erased on { $due }. To keep your account, sign in before then.
mail-account_closing-end = If you did not ask for this, sign in and change your password.
mail-account_restored-subject = Your account stays
mail-account_restored-lead = You signed in again, so your account will not be deleted.
mail-account_restored-end = If this was not you, change your password now.

# SMS; the code stands in front.
sms-code = is your SkillBuddy code. It is good for 15 minutes. Do not share it.

# Pages behind the links of mails.
page-verify-title = Confirm your email address
page-verify-text = Press the button to confirm that this is your email address.
page-verify-button = Confirm address
page-verified-title = Your email address is confirmed
page-verified-text = Thank you. You can close this page and go back to the app.
page-expired-title = This link is no longer good
page-expired-text = It has been used or has expired. Please ask for a new one in the app.
page-reset-title = Set a new password
page-reset-text = Choose a password of at least 10 characters. You will be signed out everywhere.
page-reset-label = New password
page-reset-button = Save password
page-reset-problem = Please choose a longer password that is harder to guess and does not contain your name or email address.
page-password_set-title = Your new password is set
page-password_set-text = You can close this page and sign in with it.
