# notifications
too_many_areas = You can save at most three places. Remove one first.
too_many_sent = You have sent many messages in the last hour. Please try again later.
delivery_under_way = This message is being sent right now.
wording_changed = Somebody else has changed these words in the meantime. Load them again and repeat your change.

field-ids_or_all = Please give either ids or all, not both.
field-users_or_segment = Please give either people or a segment, not both.
field-consent_needed = Please agree to be told of new services near this place.
field-wording_syntax = This cannot be read. Please check the braces: a placeholder looks like {"{"} $name {"}"}.
field-wording_variable = This message has no { $name }. It has { $known }.
field-wording_without_variables = This message has no placeholders, so not { $name } either.
field-wording_reference = Only placeholders can be used here, not “{ $name }”.

# The parts that all of them share.
notification-moment = { $date } at { $time }
notification-mail-button = Open in the app
notification-mail-end = You choose what we tell you, and how, in the settings of the app.
notification-mail-end_needed = This message is important, so everybody gets it.
notification-gathered-title = SkillBuddy
notification-gathered-body = { $count ->
    [one] { $count } new notification
   *[other] { $count } new notifications
}

# What mails are about, in a sentence.
notification-kind-booking = bookings
notification-kind-payment = payments
notification-kind-review = reviews
notification-kind-message = messages
notification-kind-system = your account and our service
notification-kind-marketing = offers

page-unsubscribe_ask-title = No more emails?
page-unsubscribe_ask-text = We will send you no more emails about { $kind }. What is important still comes.
page-unsubscribe_ask-button = Unsubscribe
page-unsubscribe_done-title = You are unsubscribed
page-unsubscribe_done-text = We will send you no more emails about { $kind }. You can change this in the settings of the app.
page-unsubscribe_unknown-title = We do not know this link
page-unsubscribe_unknown-text = Please open the link from our email once more, or change your choice in the settings of the app.

# Bookings.
notification-booking_requested-title = New request
notification-booking_requested-body = { $other } asks for “{ $service }” on { $when }. Please answer.
notification-booking_new-title = New booking
notification-booking_new-body = { $other } has booked “{ $service }” on { $when }.
notification-booking_confirmed-title = Booking confirmed
notification-booking_confirmed-body = “{ $service }” with { $other } on { $when } is confirmed.
notification-booking_accepted-title = Booking accepted
notification-booking_accepted-body = { $other } has accepted “{ $service }” on { $when }.
notification-booking_declined-title = Booking declined
notification-booking_declined-body = { $other } cannot do “{ $service }” on { $when }. What you paid goes back to you.
notification-booking_withdrawn-title = Request withdrawn
notification-booking_withdrawn-body = { $other } does not need “{ $service }” on { $when } any more.
notification-booking_payment_expired-title = Booking not paid
notification-booking_payment_expired-body = “{ $service }” on { $when } was not paid in time. You can book it again.
notification-booking_expired-title = No answer
notification-booking_expired-body = { $other } did not answer in time about “{ $service }” on { $when }. What you paid goes back to you.
notification-booking_missed-title = Request expired
notification-booking_missed-body = You did not answer { $other } in time about “{ $service }” on { $when }.
notification-booking_moved-title = Booking moved
notification-booking_moved-body = { $other } has moved “{ $service }” to { $when }.
notification-booking_move_proposed-title = Another time?
notification-booking_move_proposed-body = { $other } proposes another time for “{ $service }” on { $when }. Please answer.
notification-booking_move_accepted-title = New time agreed
notification-booking_move_accepted-body = { $other } agrees: “{ $service }” is on { $when }.
notification-booking_move_declined-title = Time not changed
notification-booking_move_declined-body = { $other } does not want to move “{ $service }”: it stays on { $when }.
notification-booking_move_withdrawn-title = Time not changed
notification-booking_move_withdrawn-body = { $other } no longer wants to move “{ $service }”: it stays on { $when }.
notification-booking_move_expired-title = Time not changed
notification-booking_move_expired-body = Nobody answered the proposal in time: “{ $service }” stays on { $when }.
notification-booking_started-title = It has begun
notification-booking_started-body = { $other } has begun with “{ $service }”.
notification-booking_completed-title = How was it?
notification-booking_completed-body = “{ $service }” is done. Tell others how { $other } did.
notification-booking_closed-title = Job completed
notification-booking_closed-body = “{ $service }” for { $other } counts as done.
notification-booking_cancelled-title = Booking cancelled
notification-booking_cancelled-body = “{ $service }” with { $other } on { $when } has been cancelled.
notification-booking_no_show-title = Nobody there
notification-booking_no_show-body = “{ $service }” with { $other } on { $when } was reported as missed. If that is wrong, contest it in the app within 48 hours.
notification-booking_no_show_contested-title = Absence contested
notification-booking_no_show_contested-body = { $other } contests having missed “{ $service }” on { $when }. We look at it and decide.
notification-booking_no_show_confirmed-title = Absence confirmed
notification-booking_no_show_confirmed-body = Nobody contested in time that “{ $service }” with { $other } on { $when } was missed. It is final now.
notification-booking_disputed-title = Job disputed
notification-booking_disputed-body = { $other } is not content with “{ $service }” on { $when }. Their reason is in the booking; we look at it and decide.
notification-booking_resolved-title = Decision made
notification-booking_resolved-body = We have decided about “{ $service }” with { $other } on { $when }. The booking says how and why.
notification-booking_payment_lost-title = Please pay again
notification-booking_payment_lost-body = Your bank has taken back your payment for “{ $service }” with { $other } on { $when }. The booking is unpaid now: please pay it again before it begins.
notification-booking_unpaid-title = Do not start before it is paid
notification-booking_unpaid-body = The bank of { $other } has taken back the payment for “{ $service }” on { $when }. Please do not start before it is paid again; we tell you as soon as it is.
notification-booking_paid_again-title = Payment secured again
notification-booking_paid_again-body = The payment for “{ $service }” with { $other } on { $when } is secured again.
notification-booking_cancelled_unpaid-title = Cancelled: not paid
notification-booking_cancelled_unpaid-body = “{ $service }” with { $other } on { $when } has been cancelled because the last try to charge the payment has failed.
notification-booking_tomorrow-title = In 24 hours
notification-booking_tomorrow-body = “{ $service }” with { $other } is on { $when }.
notification-booking_soon-title = In 2 hours
notification-booking_soon-body = “{ $service }” with { $other } is on { $when }.

# Money.
notification-payment_received-title = Your receipt { $number }
notification-payment_received-body = We have received { $amount }{ $named ->
    [0] {""}
   *[other] {" "}for “{ $service }”
}. Thank you. Your receipt has the number { $number }.
notification-payment_failed-title = Payment failed
notification-payment_failed-body = Your payment of { $amount }{ $named ->
    [0] {""}
   *[other] {" "}for “{ $service }”
} did not work. Please try another way to pay.
notification-payment_retried-title = Payment failed
notification-payment_retried-body = We could not charge { $amount } for “{ $service }”. We try again on { $when }. You can also pay now, or another way.
notification-payment_delayed-title = A payment is late
notification-payment_delayed-body = The payment of { $amount } by { $other } for “{ $service }” has failed. We try again on { $when }.
notification-payment_owed-title = Payment overdue
notification-payment_owed-body = We could not charge { $amount } for “{ $service }”, and do not try again. You owe this amount: please pay it in the app.
notification-payment_outstanding-title = A payment is missing
notification-payment_outstanding-body = The payment of { $amount } by { $other } for “{ $service }” has failed for the last time. { $other } still owes it; it is yours as soon as it is paid.
notification-payment_refunded-title = Refund { $number }
notification-payment_refunded-body = { $amount }{ $named ->
    [0] {""}
   *[other] {" "}for “{ $service }”
} goes back to you. The credit note has the number { $number }.
notification-withdrawal_paid-title = Payout arrived
notification-withdrawal_paid-body = We have paid { $amount } to your account.
notification-withdrawal_failed-title = Payout failed
notification-withdrawal_failed-body = We could not pay { $amount } to your account. The money is available again; please check your payout account.
notification-payout_account_changed-title = Payout account changed
notification-payout_account_changed-body = Your payout account has changed. If that was not you, please contact us at once.
notification-payout_account_problem-title = Payout account not usable
notification-payout_account_problem-body = Your payout account cannot be paid at present. Please check its details.

# The rest.
notification-account_restored-title = Welcome back
notification-account_restored-body = Your account stays. Please sign in on your devices to get notifications there.
notification-mailbox_unreachable-title = Mail does not reach you
notification-mailbox_unreachable-body = A mail to your address came back, so we send no more for 30 days. Please check the address in your profile, or switch mail on again in the settings.
# A message without words of its own.
notification-attachment-image = A photo
notification-attachment-document = A document
notification-attachment-audio = A voice message
notification-attachment-video = A video
notification-attachment-location = A place
notification-attachment-booking_card = A booking
notification-message_received-title = { $other }
notification-message_received-body = { $count ->
    [one] { $count } new message
   *[other] { $count } new messages
}
notification-report_upheld-title = Thank you for your report
notification-report_upheld-body = We have looked into what you reported. It was against our rules, and we have acted on it.
notification-report_rejected-title = Thank you for your report
notification-report_rejected-body = We have looked into what you reported and found nothing against our rules. You can block anybody who bothers you.
notification-report_overdue-title = A report is waiting
notification-report_overdue-body = A report of a conversation has been waiting for more than 24 hours.
notification-service_edited-title = We have changed your service “{ $service }”
notification-service_edited-body = Our moderators have changed it. Reason: { $reason }
notification-service_image_removed-title = We have removed a picture
notification-service_image_removed-body = Our moderators have removed a picture of your service “{ $service }”. Reason: { $reason }
notification-service_withdrawn-title = We have withdrawn your service “{ $service }”
notification-service_withdrawn-body = It can no longer be found or booked, and bookings to come are called off by us. Reason: { $reason }
notification-service_nearby-title = New near { $other }
notification-service_nearby-body = “{ $service }” is offered near { $other } now.
