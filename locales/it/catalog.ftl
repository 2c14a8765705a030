# Che cosa viene offerto: categorie, fornitori, servizi, immagini.
unsupported_picture = Invia l'immagine in formato JPEG, PNG o WebP. Altri formati, anche HEIC, non sono accettati.
corrupt_picture = Questa immagine è danneggiata o incompleta. Scegline un'altra.
picture_too_large = Questa immagine ha troppi pixel: sono accettati al massimo 12.000 pixel per lato e 40 megapixel.
field-only_one = Invia questo valore una sola volta.
