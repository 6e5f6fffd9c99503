"""A real SMTP server that keeps what it is given and misbehaves when told.

Its options are one JSON object as argument; orders come as JSON, one a line, on stdin, and each is answered with
{"done": n} on stdout. Mails are printed as JSON, one a line, before they are acknowledged. It ends when stdin does.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

options = json.loads(sys.argv[1])
behaviour = {}
FOREVER = 3600


def say(what):
    print(json.dumps(what), flush=True)


def read(content):
    """What somebody else's MIME parser makes of it."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = list(message.walk())
    defects = [str(defect) for part in parts for defect in part.defects]
    defects += [f"{name}: {defect}" for name, value in message.items() for defect in value.defects]
    bodies = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
    return {
        "headers": [[name, str(value)] for name, value in message.items()],
        "parts": [part.get_content_type() for part in parts],
        "defects": defects,
        **{kind: body.get_content() if body else "" for kind, body in bodies.items()},
    }


class Sink(SMTP):
    async def _handle_client(self):
        if behaviour.get("banner") == "hang":
            await asyncio.sleep(FOREVER)
        await super()._handle_client()

    async def smtp_DATA(self, arg):
        if reply := behaviour.get("data"):
            await self.push(reply)
        else:
            await super().smtp_DATA(arg)


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if reply := behaviour.get("mail"):
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if reply := behaviour.get("rcpt"):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        end = behaviour.get("after_data")
        say({"mail": {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "hello": session.host_name,
            "tls": session.ssl is not None or options["tls"] == "implicit",
            "user": session.auth_data,
            "taken": end in (None, "hang", "drop"),
            "bytes": list(envelope.original_content),
            **read(envelope.original_content),
        }})
        if end == "hang":
            await asyncio.sleep(FOREVER)
        if end == "drop":
            server.transport.abort()
            await asyncio.sleep(FOREVER)
        return end or "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    given = [data.login.decode(), data.password.decode()]
    return AuthResult(success=given == options["login"], handled=False, auth_data=given[0])


def sink():
    settings = {"enable_SMTPUTF8": options["utf8"], "hostname": "sink.example", "loop": asyncio.get_running_loop()}
    if options["tls"] == "starttls":
        settings |= {"tls_context": context(), "require_starttls": True}
    if options["login"]:
        settings |= {"auth_required": True, "authenticator": authenticate}
        settings |= {"auth_require_tls": options["tls"] == "starttls"}
    return Sink(Handler(), **settings)


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(options["certificate"], options["key"])
    return made


async def main():
    loop = asyncio.get_running_loop()
    protection = context() if options["tls"] == "implicit" else None
    await loop.create_server(sink, "127.0.0.1", options["port"], ssl=protection)
    say({"done": 0})
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        if "behave" in order:
            behaviour.clear()
            behaviour.update(order["behave"])
        say({"done": order["n"]})
    os._exit(0)


asyncio.run(main())
