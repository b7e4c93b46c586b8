"""E-mail addresses and URLs in each flow, and how random its bytes look.

    flowcase scan CASE --python examples/plugins/addresses.py
    flowcase query CASE "SELECT value, count(*) FROM findings WHERE scanner = 'addresses' AND kind = 'email' GROUP BY value"

A plug-in is a function `scan(payload, flow)`. `payload` is the flow's bytes, holes read as zeros. `flow` has what is known of it:
connection, flow, protocol, side, part, path, src_ip, src_port, dst_ip, dst_port, start, length, gaps, sha256 and the other digests.
What it returns becomes rows of the view `findings`: None for nothing, text for a value, a dict for a value with fields, a list or
a generator for several. In a dict, `kind`, `value`, `offset` and `length` have the columns of these names; the rest is in `data`.
"""
import collections
import math
import re

EMAIL = re.compile(rb"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
URL = re.compile(rb"https?://[\x21\x23-\x3b\x3d\x3f-\x7e]{4,2000}")


def scan(payload, flow):
    yield shape(payload)
    for kind, pattern in (("email", EMAIL), ("url", URL)):
        seen = set()
        for match in pattern.finditer(payload):
            if match.group() not in seen:
                seen.add(match.group())
                yield {"kind": kind, "value": match.group(), "offset": match.start(), "length": len(match.group())}


def shape(payload):
    """Bits of entropy in a byte (8: random, compressed or encrypted), and the share of printable ASCII."""
    counts = collections.Counter(payload)
    shares = [count / len(payload) for count in counts.values()]
    entropy = -sum(share * math.log2(share) for share in shares)
    printable = sum(count for byte, count in counts.items() if 0x20 <= byte < 0x7F or byte in b"\t\r\n")
    return {
        "kind": "shape",
        "value": "%.2f bits a byte" % entropy,
        "entropy": round(entropy, 4),
        "printable": round(printable / len(payload), 4),
    }
