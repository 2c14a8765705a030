ticket_invalid = Questo ticket non è più valido. Richiedine un altro.
websocket_expected = Questo indirizzo richiede un WebSocket.
origin_not_allowed = Questa pagina web non può connettersi.
too_many_connections = Questo account ha troppe connessioni. Chiudine una.
frame_unknown = Questo tipo di frame non esiste.
