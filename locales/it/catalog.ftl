# Che cosa viene offerto: categorie, fornitori, servizi, immagini.
unsupported_picture = Invia l'immagine in formato JPEG, PNG o WebP. Altri formati, anche HEIC, non sono accettati.
corrupt_picture = Questa immagine è danneggiata o incompleta. Scegline un'altra.
picture_too_large = Questa immagine ha troppi pixel: sono accettati al massimo 12.000 pixel per lato e 40 megapixel.
field-only_one = Invia questo valore una sola volta.
already_provider = Sei già registrato come fornitore.
upcoming_bookings = Per questo servizio ci sono ancora prenotazioni in arrivo. Annullale prima, oppure ritira il servizio insieme a loro.
too_many_images = Un servizio può avere al massimo 10 immagini. Prima rimuovine una.
images_changed = Nel frattempo le immagini di questo servizio sono cambiate. Ricaricale e ripeti la modifica.
field-unknown_category = Questa categoria non esiste.
field-unknown_language = Indica le lingue con le loro due lettere, ad esempio it.
field-invalid_price = Inserisci un prezzo da 0 a 999.999,99.
field-too_many_decimals = Un importo in { $currency } non può avere così tanti decimali.
