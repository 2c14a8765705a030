ticket_invalid = This ticket is not valid any more. Please ask for another.
websocket_expected = This address expects a WebSocket.
origin_not_allowed = This web page may not connect.
too_many_connections = There are too many connections of this account. Please close one.
frame_unknown = There is no such type of frame.
