# What can be wrong with a search.
field-reversed_prices = The lowest price must not be above the highest.
field-too_many_ids = At most { $max } services can be asked for at once.
