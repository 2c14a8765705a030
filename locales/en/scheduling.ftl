# scheduling
nonexistent_local_time = This time does not exist on that day: the clocks go forward over it.
date_out_of_range = This date is outside the calendar.
window_reversed = The last day must not be before the first one.
window_too_long = At most 31 days can be asked for at once.
too_soon = This time is too soon.
too_far = This time is too far in the future.
outside_schedule = The provider does not offer this time.
slot_taken = That time has just been taken.

field-reversed = The end must be after the start.
field-overlap = This overlaps another interval of the same day.
field-duplicate_date = There is another exception for this date.
field-no_intervals = A date that is available needs at least one interval.
field-too_many = At most { $max } entries are allowed.
field-out_of_range = This must be between { $min } and { $max }.
field-invalid_time = Please enter a time like 09:30.
field-invalid_date = Please enter a date like 2026-03-29.
