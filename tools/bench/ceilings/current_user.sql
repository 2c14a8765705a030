select id, email, name, last_name, phone_number, profile_image, is_email_verified, is_phone_verified, language,
       is_provider, version, created_at, last_login_at
  from users
 where id = {customer};
