# scheduling
nonexistent_local_time = Questo orario non esiste in quel giorno: gli orologi vanno avanti.
date_out_of_range = Questa data è fuori dal calendario.
window_reversed = L'ultimo giorno non può precedere il primo.
window_too_long = Puoi chiedere al massimo 31 giorni alla volta.
too_soon = Questo orario è troppo vicino.
too_far = Questo orario è troppo lontano nel futuro.
outside_schedule = Il fornitore non offre questo orario.
slot_taken = Questo orario è appena stato preso.

field-reversed = La fine deve essere dopo l'inizio.
field-overlap = Si sovrappone a un altro intervallo dello stesso giorno.
field-duplicate_date = Esiste già un'eccezione per questa data.
field-no_intervals = Una data disponibile ha bisogno di almeno un intervallo.
field-too_many = Sono ammessi al massimo { $max } elementi.
field-out_of_range = Il valore deve essere tra { $min } e { $max }.
field-invalid_time = Inserisci un orario come 09:30.
field-invalid_date = Inserisci una data come 2026-03-29.
