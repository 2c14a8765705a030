ticket_invalid = Dieses Ticket gilt nicht mehr. Bitte fordern Sie ein neues an.
websocket_expected = Diese Adresse erwartet einen WebSocket.
origin_not_allowed = Diese Webseite darf sich nicht verbinden.
too_many_connections = Dieses Konto hat zu viele Verbindungen. Bitte schließen Sie eine.
frame_unknown = Diese Art von Frame gibt es nicht.
