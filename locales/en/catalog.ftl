# What is offered: categories, providers, services, pictures.
unsupported_picture = Please send the picture as JPEG, PNG or WebP. Other formats, HEIC too, are not accepted.
corrupt_picture = This picture is damaged or incomplete. Please choose another one.
picture_too_large = This picture has too many pixels: at most 12,000 on a side and 40 megapixels are accepted.
field-only_one = Please send this only once.
already_provider = You are registered as a provider already.
upcoming_bookings = Bookings of this service are still to come. Cancel them first, or withdraw the service together with them.
too_many_images = A service can have at most 10 pictures. Remove one first.
images_changed = The pictures of this service have changed in the meantime. Load them again and repeat your change.
field-unknown_category = There is no such category.
field-unknown_language = Please name languages by their two letters, like en.
field-invalid_price = Please enter a price from 0 up to 999,999.99.
field-too_many_decimals = An amount in { $currency } cannot have that many decimals.
