#!/usr/bin/python3
"""Mails as GMime reads them: names of files on stdin, one JSON object each on stdout. Needs Debian's gir1.2-gmime-3.0."""
import json
import sys

import gi

gi.require_version("GMime", "3.0")
from gi.repository import GMime  # noqa: E402


def headers_of(thing):
    listed = thing.get_header_list()
    return [[header.get_name(), header.get_value()] for header in map(listed.get_header_at, range(listed.get_count()))]


def part_of(part):
    return {"type": part.get_content_type().get_mime_type(), "charset": part.get_content_type().get_parameter("charset"),
            "text": part.get_text()}


def read(path):
    with open(path, "rb") as file:
        stream = GMime.StreamMem.new_with_buffer(file.read())
    message = GMime.Parser.new_with_stream(stream).construct_message(None)
    body = message.get_mime_part()
    return {"headers": headers_of(message) + headers_of(body), "subject": message.get_subject(),
            "from": [one.get_addr() for one in map(message.get_from().get_address, range(message.get_from().length()))],
            "to": [one.get_addr() for one in map(message.get_to().get_address, range(message.get_to().length()))],
            "name": message.get_from().get_address(0).get_name(), "date": message.get_date().to_unix(),
            "id": message.get_message_id(),
            "parts": [part_of(body.get_part(i)) for i in range(body.get_count())]}


GMime.init()
for line in sys.stdin:
    print(json.dumps(read(line.rstrip("\n"))))
