# scheduling
nonexistent_local_time = Diese Uhrzeit gibt es an dem Tag nicht: Die Uhren werden vorgestellt.
date_out_of_range = Dieses Datum liegt außerhalb des Kalenders.
window_reversed = Der letzte Tag darf nicht vor dem ersten liegen.
window_too_long = Es können höchstens 31 Tage auf einmal abgefragt werden.
too_soon = Dieser Zeitpunkt ist zu kurzfristig.
too_far = Dieser Zeitpunkt liegt zu weit in der Zukunft.
outside_schedule = Zu dieser Zeit bietet der Anbieter keine Termine an.
slot_taken = Dieser Termin wurde gerade vergeben.

field-reversed = Das Ende muss nach dem Beginn liegen.
field-overlap = Dies überschneidet sich mit einem anderen Zeitraum desselben Tages.
field-duplicate_date = Für dieses Datum gibt es bereits eine Ausnahme.
field-no_intervals = Ein verfügbares Datum braucht mindestens einen Zeitraum.
field-too_many = Es sind höchstens { $max } Einträge erlaubt.
field-out_of_range = Der Wert muss zwischen { $min } und { $max } liegen.
field-invalid_time = Bitte geben Sie eine Uhrzeit wie 09:30 an.
field-invalid_date = Bitte geben Sie ein Datum wie 2026-03-29 an.
