# What is offered: categories, providers, services, pictures.
unsupported_picture = Please send the picture as JPEG, PNG or WebP. Other formats, HEIC too, are not accepted.
corrupt_picture = This picture is damaged or incomplete. Please choose another one.
picture_too_large = This picture has too many pixels: at most 12,000 on a side and 40 megapixels are accepted.
field-only_one = Please send this only once.
