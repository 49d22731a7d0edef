"""Writes small files in MaxMind's format (https://maxmind.github.io/MaxMind-DB/, version 2.0)."""

import ipaddress
import struct

MARKER = b"\xab\xcd\xefMaxMind.com"
RECORD_BITS = 24


class Number:
    """An integer of one of the format's types; readers insist on the right one."""

    def __init__(self, kind, size, number):
        self.kind, self.size, self.number = kind, size, number

    @classmethod
    def short(cls, number):
        return cls(5, 2, number)


def control(kind, size):
    """The byte before a value, and those of its type and size that do not fit into it. Sizes up to 284."""
    first, more = (kind << 5, b"") if kind < 8 else (0, bytes([kind - 7]))
    if size < 29:
        return bytes([first | size]) + more
    return bytes([first | 29]) + more + bytes([size - 29])


def encode(value):
    if isinstance(value, str):
        text = value.encode()
        return control(2, len(text)) + text
    if isinstance(value, float):
        return control(3, 8) + struct.pack(">d", value)
    if isinstance(value, Number):
        return control(value.kind, value.size) + value.number.to_bytes(value.size, "big")
    if isinstance(value, list):
        return control(11, len(value)) + b"".join(map(encode, value))
    return control(7, len(value)) + b"".join(encode(key) + encode(member) for key, member in value.items())


def place(country, latitude=None, longitude=None, city=None, state=None):
    """A record as GeoLite2 City has it."""
    record = {"country": {"names": {"de": "?", "en": country}}}
    if city:
        record["city"] = {"names": {"en": city}}
    if state:
        record["subdivisions"] = [{"names": {"en": state}}]
    if latitude is not None:
        record["location"] = {"latitude": latitude, "longitude": longitude}
    return record


def mmdb(places):
    """The file's bytes; places: network -> record. IPv4 lies below ::/96, as in MaxMind's files."""
    nodes, data = [[None, None]], b""
    for network, record in places.items():
        network = ipaddress.ip_network(network)
        bits = int(network.network_address)
        length = network.prefixlen + (96 if network.version == 4 else 0)
        at = 0
        for depth in range(length - 1):
            side = bits >> (127 - depth) & 1
            if nodes[at][side] is None:
                nodes.append([None, None])
                nodes[at][side] = len(nodes) - 1
            at = nodes[at][side]
        nodes[at][bits >> (128 - length) & 1] = ("data", len(data))
        data += encode(record)

    def pointer(child):
        if child is None:
            return len(nodes)
        return child if isinstance(child, int) else len(nodes) + 16 + child[1]

    tree = b"".join(pointer(child).to_bytes(RECORD_BITS // 8, "big") for node in nodes for child in node)
    about = {
        "binary_format_major_version": Number.short(2),
        "binary_format_minor_version": Number.short(0),
        "build_epoch": Number(9, 8, 1),
        "database_type": "Test",
        "description": {"en": "Test"},
        "ip_version": Number.short(6),
        "languages": ["en"],
        "node_count": Number(6, 4, len(nodes)),
        "record_size": Number.short(RECORD_BITS),
    }
    return tree + bytes(16) + data + MARKER + encode(about)
