"""A mail server that writes down each mail it takes: a line of JSON on its output.

Arguments: port, how it is encrypted (never, starttls, tls), how one may log in (names with commas between them), certificate,
key. Who logs in is ada, with the password "s3&ret".
"""

import base64
import email
import email.policy
import hmac
import json
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

port, encryption, ways, certificate, key = sys.argv[1:]
USER, PASSWORD = b"ada", b"s3&ret"


class Server(SMTP):
    # As most servers ask.
    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    async def auth_CRAM__MD5(self, _server, _args):
        challenge = b"<1.2@mx.example>"
        answer = await self.challenge_auth(challenge)
        digest = hmac.new(PASSWORD, challenge, "md5").hexdigest().encode()
        return AuthResult(success=answer == USER + b" " + digest, handled=False, auth_data="CRAM-MD5")


def log_in(_server, _session, _envelope, mechanism, data):
    right = (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=right, handled=False, auth_data=mechanism)


class Taker:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        parts = [part for part in mail.walk() if not part.is_multipart()]
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": server.transport.get_extra_info("ssl_object") is not None,
            "hello": session.host_name,
            "logged_in": session.auth_data,
            "headers": {name: str(value) for name, value in mail.items()},
            "kind": mail.get_content_type(),
            "defects": [str(defect) for part in mail.walk() for defect in part.defects],
            "parts": [
                {
                    "kind": part.get_content_type(),
                    "charset": part.get_content_charset(),
                    "encoding": part["Content-Transfer-Encoding"],
                    "text": part.get_content(),
                }
                for part in parts
            ],
        }
        print("mail " + json.dumps(told), flush=True)
        return "250 taken"


class Listener(Controller):
    def factory(self):
        every = {"CRAM-MD5", "PLAIN", "LOGIN"}
        return Server(
            self.handler,
            hostname="mx.example",
            tls_context=context if encryption == "starttls" else None,
            require_starttls=encryption == "starttls",
            auth_require_tls=encryption == "starttls",
            authenticator=log_in,
            auth_exclude_mechanism=every - set(ways.split(",")),
        )


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)
listener = Listener(
    Taker(),
    hostname="127.0.0.1",
    port=int(port),
    ssl_context=context if encryption == "tls" else None,
)
listener.start()
print("ready", flush=True)
threading.Event().wait()
