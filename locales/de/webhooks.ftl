# webhooks
too_many_endpoints = Es gibt schon fünfzig Endpunkte. Entfernen Sie zuerst einen.
endpoint_off = Dieser Endpunkt ist ausgeschaltet. Schalten Sie ihn zuerst ein.

field-webhook_url = Bitte geben Sie eine öffentliche Adresse an, die mit https:// beginnt, ohne Benutzernamen, auf Port 443 oder über 1023.
field-listed_twice = Bitte nennen Sie jedes nur einmal.
