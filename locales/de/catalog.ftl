# Was angeboten wird: Kategorien, Anbieter, Dienstleistungen, Bilder.
unsupported_picture = Bitte senden Sie das Bild als JPEG, PNG oder WebP. Andere Formate, auch HEIC, werden nicht angenommen.
corrupt_picture = Dieses Bild ist beschädigt oder unvollständig. Bitte wählen Sie ein anderes.
picture_too_large = Dieses Bild hat zu viele Bildpunkte: Angenommen werden höchstens 12.000 je Seite und 40 Megapixel.
field-only_one = Bitte senden Sie das nur einmal.
