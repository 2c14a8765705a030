# webhooks
too_many_endpoints = There are fifty endpoints already. Remove one first.
endpoint_off = This endpoint is switched off. Switch it on first.

field-webhook_url = Please give a public address that begins with https://, without a user name, on port 443 or above 1023.
field-listed_twice = Please name each of them once.
