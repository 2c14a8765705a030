# Was angeboten wird: Kategorien, Anbieter, Dienstleistungen, Bilder.
unsupported_picture = Bitte senden Sie das Bild als JPEG, PNG oder WebP. Andere Formate, auch HEIC, werden nicht angenommen.
corrupt_picture = Dieses Bild ist beschädigt oder unvollständig. Bitte wählen Sie ein anderes.
picture_too_large = Dieses Bild hat zu viele Bildpunkte: Angenommen werden höchstens 12.000 je Seite und 40 Megapixel.
field-only_one = Bitte senden Sie das nur einmal.
already_provider = Sie sind bereits als Anbieter registriert.
upcoming_bookings = Für diese Dienstleistung stehen noch Buchungen aus. Stornieren Sie diese zuerst, oder ziehen Sie die Dienstleistung mit ihnen zusammen zurück.
too_many_images = Eine Dienstleistung kann höchstens 10 Bilder haben. Entfernen Sie zuerst eines.
images_changed = Die Bilder dieser Dienstleistung haben sich inzwischen geändert. Laden Sie sie neu und wiederholen Sie Ihre Änderung.
field-unknown_category = Diese Kategorie gibt es nicht.
field-unknown_language = Bitte geben Sie Sprachen mit ihren zwei Buchstaben an, etwa de.
field-invalid_price = Bitte geben Sie einen Preis von 0 bis 999.999,99 ein.
field-too_many_decimals = Ein Betrag in { $currency } kann nicht so viele Nachkommastellen haben.
