"""aiosmtpd on a free port. Says the port; ends when its input ends.

smtp.py DIRECTORY [login | tls]: mails go into a Maildir. `login` asks for hello / secret; `tls` offers STARTTLS
with a certificate that nobody trusts.
"""

import asyncio
import os
import ssl
import sys
import threading

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Picky(Mailbox):
    """Refuses some recipients the way real servers do, repeating the address."""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return f"550 5.1.1 <{address}>: no such mailbox"
        if address.startswith("spam"):
            return f"550 5.7.1 <{address}>: wants no such mail"
        if address.startswith("full"):
            return f"552 5.2.2 <{address}>: over quota"
        envelope.rcpt_tos.append(address)
        return "250 OK"


def authenticator(server, session, envelope, mechanism, data):
    # handled=False: the server itself says what came out of it.
    return AuthResult(success=data == LoginPassword(b"hello", b"secret"), handled=False)


def self_signed(directory):
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    path = os.path.join(directory, "server.pem")
    with open(path, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


async def main():
    directory = sys.argv[1]
    mode = sys.argv[2] if len(sys.argv) > 2 else ""
    options = {"enable_SMTPUTF8": True, "hostname": "localhost"}
    if mode == "login":
        options |= {"auth_required": True, "auth_require_tls": False, "authenticator": authenticator}
    if mode == "tls":
        options |= {"tls_context": self_signed(directory)}
    handler = Picky(os.path.join(directory, "mails"))
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, **options), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
asyncio.run(main())
