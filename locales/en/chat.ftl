# chat
chat_blocked = You cannot write to each other.
conversation_closed = This person is no longer here.
too_many_inquiries = You have begun many conversations today. Please try again tomorrow.
message_not_editable = This message can no longer be edited.
report_decided = This report has been decided already.
unsupported_file = Files of this kind cannot be sent.
infected_file = This file holds a virus. It was not sent.

field-yourself = This is you.

chat-booking-created = The booking was requested.
chat-booking-payment_secured = The booking is paid.
chat-booking-payment_expired = The booking has lapsed: the payment did not come in time.
chat-booking-payment_lost = The payment is gone: the bank has taken it back.
chat-booking-payment_restored = The payment is secured again.
chat-booking-accepted = The booking is confirmed.
chat-booking-declined = The booking was declined.
chat-booking-withdrawn = The request was withdrawn.
chat-booking-expired = The request has lapsed: it was not answered in time.
chat-booking-rescheduled = The booking was moved.
chat-booking-reschedule_proposed = Another time was proposed for the booking.
chat-booking-reschedule_accepted = The proposed time was accepted.
chat-booking-reschedule_declined = The proposed time was declined.
chat-booking-reschedule_withdrawn = The proposed time was taken back.
chat-booking-reschedule_expired = The proposed time has lapsed: it was not answered in time.
chat-booking-started = The job has begun.
chat-booking-completed = The job is done.
chat-booking-cancelled = The booking was cancelled.
chat-booking-no_show = Somebody was not there.
chat-booking-no_show_contested = The reported absence is contested. An operator decides.
chat-booking-no_show_confirmed = The reported absence is final.
chat-booking-disputed = The job is disputed. An operator decides.
chat-booking-resolved_for_customer = An operator has decided for the customer.
chat-booking-resolved_for_provider = An operator has decided for the provider.
chat-booking-resolved_by_split = An operator has decided: each gets a part.

chat-staff_joined = { $name } of SkillBuddy support has joined this conversation.
chat-staff_left = { $name } of SkillBuddy support has left this conversation.
