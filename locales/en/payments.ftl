# payments
already_paid = This booking is paid already.
payment_in_progress = This booking is being paid right now. Please wait a moment.
not_payable = This booking does not have to be paid here any more.
refund_too_large = This is more than what can go back.
method_in_use = A payment that is still to come uses this method. Choose another one for it first.
due_date_out_of_range = Please choose a date from today to 14 days after the appointment.
installment_not_payable = This part does not have to be paid any more.
insufficient_credits = You do not have enough credits. Please buy some first.
credits_amount_invalid = Credits can pay a part of a price in euros, at once.
nothing_paid = Nothing has been paid yet, so there is no receipt.
field-card_number = A card number does not belong here: send the token that the payment service gives for it.

# On receipts and credit notes.
receipt-receipt = Receipt { $number }
receipt-credit_note = Credit note { $number }
receipt-issued_on = Issued on
receipt-customer = Customer
receipt-provider = Provider
receipt-booking = Booking
receipt-corrects = Corrects receipt
receipt-reason = Reason
receipt-item = Service
receipt-amount = Amount
receipt-total = Total
receipt-tender_card = By card
receipt-tender_paypal = By PayPal
receipt-tender_credits = By credits
