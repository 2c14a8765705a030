# bookings
invalid_transition = This is not possible in the present state of the booking.
own_service = You cannot book your own service.
blocked = You cannot book this provider.
payment_method_unavailable = This way to pay is not available at present.
too_many_holds = You have too many bookings that are not paid yet. Please pay or cancel one first.
address_not_found = You have no such address.
too_many_moves = You have moved this booking as often as you can.
too_late_to_move = It is too late to move this booking: the provider needs more notice before its start.

field-two_times = Please give either a date and time or the start, not both.
field-same_time = The booking is already at this time.
field-invalid_country = Please enter a country code with two letters, like DE.
field-half_position = Latitude and longitude are needed together.
field-amount_out_of_range = Please enter an amount above zero that fits the currency.
field-only_with_split = An amount is only for a split.
