# bookings
