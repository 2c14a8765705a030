# bookings
invalid_transition = Questo non è possibile nello stato attuale della prenotazione.
own_service = Non puoi prenotare il tuo stesso servizio.
blocked = Non puoi prenotare presso questo fornitore.
payment_method_unavailable = Questo metodo di pagamento al momento non è disponibile.
too_many_holds = Hai troppe prenotazioni non ancora pagate. Pagane o annullane prima una.
address_not_found = Non hai un indirizzo del genere.
too_many_moves = Hai già spostato questa prenotazione quante volte è possibile.
too_late_to_move = È troppo tardi per spostare questa prenotazione: il fornitore ha bisogno di più preavviso prima dell’inizio.

field-two_times = Indica la data e l'ora oppure l'inizio, non entrambi.
field-same_time = La prenotazione è già a quest'ora.
field-invalid_country = Inserisci un codice paese di due lettere, come DE.
field-half_position = Latitudine e longitudine servono insieme.
field-amount_out_of_range = Inserisci un importo superiore a zero adatto alla valuta.
field-only_with_split = Un importo è possibile solo con una ripartizione.
