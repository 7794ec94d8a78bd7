"""A real mail server (aiosmtpd) with STARTTLS and AUTH: smtp_server.py CERTIFICATE KEY USER PASSWORD FOLDER

Writes its port to FOLDER/port and each mail to FOLDER/1.eml, …; ends with its standard input.
"""
import socket
import ssl
import sys
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

certificate, key, user, password, folder = sys.argv[1:]
folder = Path(folder)


class Mails:
    number = 0

    async def handle_DATA(self, server, session, envelope):
        self.number += 1
        draft = folder / "draft"
        draft.write_bytes(
            f"X-To: {','.join(envelope.rcpt_tos)}\nX-TLS: {session.ssl is not None}\n".encode() + envelope.content)
        draft.rename(folder / f"{self.number}.eml")
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == user.encode() and data.password == password.encode())


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
controller = Controller(Mails(), hostname="127.0.0.1", port=0, tls_context=context, require_starttls=True,
                        auth_required=True, authenticator=authenticate)


def say_hello():
    """As the controller does itself at a port that it was given."""
    with socket.create_connection(controller.server.sockets[0].getsockname()[:2], 5) as line:
        line.recv(1024)


controller._trigger_server = say_hello
controller.start()
(folder / "port.draft").write_text(str(controller.server.sockets[0].getsockname()[1]))
(folder / "port.draft").rename(folder / "port")
sys.stdin.read()
controller.stop()
