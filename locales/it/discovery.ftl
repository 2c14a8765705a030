# Che cosa può essere sbagliato in una ricerca.
field-reversed_prices = Il prezzo minimo non può superare il massimo.
field-too_many_ids = Puoi chiedere al massimo { $max } servizi alla volta.
