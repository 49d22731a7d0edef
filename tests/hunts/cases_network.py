"""What traffic and names tell."""

from case import case
from telemetry import before, conn, connection, dns

BROWSER = r"C:\Program Files\Browser\browser.exe"

# How far a beacon's calls are from their regular time, in seconds; and gaps between clicks of a person, in minutes.
JITTER = (0, 22, -17, 8, -25, 13, 3, -9, 19, -21)
CLICKS = (1, 40, 3, 2, 95, 7, 1, 18, 2, 33, 120, 4, 1, 9, 60, 2, 5, 27, 3, 1, 75, 6, 2, 44, 13)


def beacon(seconds, count):
    """Times of calls, every so many seconds, with some jitter."""
    return [before(hours=1, seconds=n * seconds + JITTER[n % len(JITTER)]) for n in range(count)]


def loose(seconds, count):
    """Calls that are late or early by up to half of the time between them."""
    return [before(hours=1, seconds=n * seconds + JITTER[n * n % len(JITTER)] * seconds / 55) for n in range(count)]


def twice(seconds, count):
    """Regular calls, and again regular calls most of a day before."""
    return beacon(seconds, count) + [before(hours=19, seconds=n * seconds) for n in range(count)]


def clicks():
    return [before(hours=1, minutes=sum(CLICKS[:n])) for n in range(len(CLICKS))]


@case("beacon_of_program")
def _(case):
    for host in range(4):
        # Regular, but everybody's.
        case.ordinary(*(connection(time, f"pc{host}", r"C:\Agent\agent.exe", "203.0.113.1") for time in beacon(300, 60)))
    case.ordinary(*(connection(time, "pc1", BROWSER, "203.0.113.2") for time in clicks()))
    # Regular, but inside; and regular, but not for long enough.
    case.ordinary(*(connection(time, "pc2", BROWSER, "10.0.0.9") for time in beacon(300, 60)))
    case.ordinary(*(connection(time, "pc2", BROWSER, "203.0.113.3") for time in beacon(300, 12)))
    case.ordinary(*(connection(time, "pc2", BROWSER, "203.0.113.4") for time in loose(300, 60)))
    case.ordinary(*(connection(time, "pc2", BROWSER, "203.0.113.5") for time in twice(600, 15)))
    case.planted(*(connection(time, "pc3", r"C:\Windows\System32\rundll32.exe", "198.51.100.66") for time in beacon(300, 60)))
    # The same within bursts, which say nothing.
    case.planted(*(connection(time, "pc1", BROWSER, "198.51.100.67", 8080) for call in beacon(600, 30) for time in (call, call, call)))
    case.expect(DeviceName="pc3", InitiatingProcessFileName="rundll32.exe", RemoteIP="198.51.100.66", RemotePort=443, Calls=60)
    case.expect(DeviceName="pc1", InitiatingProcessFileName="browser.exe", RemoteIP="198.51.100.67", RemotePort=8080, Calls=30)


@case("beacon_of_address")
def _(case):
    for host in range(4):
        case.ordinary(*(conn(time, f"10.0.0.{host}", "203.0.113.1") for time in beacon(300, 60)))
    case.ordinary(*(conn(time, "10.0.0.1", "203.0.113.2", sent=100 * n) for n, time in enumerate(clicks())))
    case.ordinary(*(conn(time, "10.0.0.1", "203.0.113.5") for time in beacon(300, 12)))
    case.ordinary(*(conn(time, "10.0.0.1", "203.0.113.6") for time in loose(300, 60)))
    case.ordinary(*(conn(time, "10.0.0.1", "203.0.113.7") for time in twice(600, 15)))
    # From outside, and never answered.
    case.ordinary(*(conn(time, "203.0.113.3", "198.51.100.10") for time in beacon(60, 60)))
    case.ordinary(*(conn(time, "10.0.0.2", "203.0.113.4", state="S0") for time in beacon(60, 60)))
    case.planted(*(conn(time, "10.0.0.3", "198.51.100.66", sent=217) for time in beacon(900, 40)))
    case.expect(SrcIpAddr="10.0.0.3", DstIpAddr="198.51.100.66", DstPortNumber=443, Calls=40, Bytes=217, SameSize=1.0, Callers=1)


# A text of 32 characters without pattern, another for each number.
def random_text(number, alphabet="abcdefghijklmnopqrstuvwxyz234567", length=32):
    text, state = "", number * 2654435761 % 2**32 or 1
    for _ in range(length):
        state = (state * 1664525 + 1013904223) % 2**32
        text += alphabet[(state >> 16) % len(alphabet)]
    return text


WORDS = ("mail", "autodiscover", "intranet", "wiki", "files", "printer", "calendar", "archive", "backup", "meeting")


@case("dns_tunnel_volume")
def _(case):
    # Many names, but of words; many, but all of one letter.
    case.ordinary(*(dns(before(hours=2, seconds=n), "10.0.0.5", f"{'a' * (n + 16)}.example.org") for n in range(1, 40)))
    for n in range(150):
        name = f"{WORDS[n % 10]}-{WORDS[n // 10 % 10]}-{WORDS[n // 15]}.agency.example"
        case.ordinary(dns(before(hours=2, seconds=n), "10.0.0.5", name))
    # Random, but few; many and random, but short.
    case.ordinary(*(dns(before(hours=3, seconds=n), "10.0.0.6", random_text(n) + ".cdn.example") for n in range(40)))
    case.ordinary(*(dns(before(hours=3, seconds=n), "10.0.0.7", random_text(n, length=6) + ".tracker.example") for n in range(150)))
    case.planted(*(dns(before(hours=1, seconds=n), "10.0.0.8", f"{random_text(n)}.t.evil.example") for n in range(200)))
    # In hexadecimal digits, which have less entropy.
    for n in range(150):
        case.planted(dns(before(hours=1, seconds=n), "10.0.0.9", random_text(n, "0123456789abcdef", 40) + ".hex.example"))
    case.expect(ClientIP="10.0.0.8", Domain="evil.example", Pieces=200, Queries=200, Carried=7000)
    case.expect(ClientIP="10.0.0.9", Domain="hex.example", Pieces=150, Queries=150, Carried=6150)


@case("dns_tunnel_labels")
def _(case):
    for n in range(30):
        case.ordinary(dns(before(hours=n), "10.0.0.5", f"{WORDS[n % 10]}.with.a.rather.long.name.that.has.no.long.label.agency.example"))
        # Always the same long label, and keys of mail.
        case.ordinary(dns(before(hours=n), "10.0.0.5", random_text(1, length=50) + ".cdn.example"))
        case.ordinary(dns(before(hours=n), "10.0.0.6", f"{random_text(n, length=45)}._domainkey.mail.example", kind="TXT"))
    case.planted(*(dns(before(hours=5 * n), "10.0.0.8", f"{random_text(n, length=60)}.x.evil.example", kind="TXT") for n in range(15)))
    case.expect(ClientIP="10.0.0.8", Domain="evil.example", Names=15, Queries=15, Longest=60, Carriers=15)


@case("dns_names_that_fail")
def _(case):
    for n in range(40):
        # A search suffix that is wrong: many names, one domain. A list that everybody has: many domains, many clients.
        case.ordinary(dns(before(hours=3, seconds=n), "10.0.0.5", f"{random_text(n)}.agency.example", code="NXDOMAIN"))
        for client in range(2):
            case.ordinary(dns(before(hours=4, seconds=n), f"10.0.1.{client}", f"blocked{n}.example", code="NXDOMAIN"))
        # Somebody who mistypes, but mostly not.
        case.ordinary(dns(before(hours=5, seconds=n), "10.0.0.6", f"www.site{n}.example"))
    case.ordinary(*(dns(before(hours=5, seconds=n), "10.0.0.6", f"www.sitte{n}.example", code="NXDOMAIN") for n in range(25)))
    case.planted(*(dns(before(hours=2, minutes=5, seconds=n), "10.0.0.8", random_text(n, length=14) + ".info", code="NXDOMAIN") for n in range(35)))
    case.expect(ClientIP="10.0.0.8", Domains=35, All=35)


@case("long_connection")
def _(case):
    hours = 3600.0
    case.ordinary(*(conn(before(hours=2), f"10.0.0.{n}", "203.0.113.1", seconds=9 * hours) for n in range(5)))
    case.ordinary(conn(before(hours=2), "10.0.0.7", "203.0.113.2", seconds=2 * hours))
    case.ordinary(conn(before(hours=2), "10.0.0.7", "10.0.0.8", seconds=20 * hours))
    case.planted(conn(before(hours=2), "10.0.0.9", "198.51.100.66", 22, sent=5000, received=90000, seconds=8.5 * hours, service="ssh"))
    case.expect(
        SrcIpAddr="10.0.0.9", DstIpAddr="198.51.100.66", DstPortNumber=22, Longest="08:30:00", Sent=5000, Received=90000, Callers=1,
        NetworkApplicationProtocol="ssh",
    )


@case("upload_volume")
def _(case):
    mega = 1000000
    for day in range(8):
        time = before(days=day, hours=5)
        case.ordinary(conn(time, "10.0.0.5", "203.0.113.1", sent=20 * mega))
        case.ordinary(conn(time, "10.0.0.6", "203.0.113.1", sent=2000 * mega))  # it always does
        case.ordinary(conn(time, "10.0.0.7", "203.0.113.1", sent=mega))
    # Much for that host, but not much; much, but inside; and a host without a past.
    case.ordinary(conn(before(hours=3), "10.0.0.7", "203.0.113.5", sent=60 * mega))
    case.ordinary(conn(before(hours=3), "10.0.0.7", "10.0.0.200", sent=9000 * mega))
    case.ordinary(conn(before(hours=3), "10.0.0.9", "203.0.113.1", sent=900 * mega))
    case.planted(*(conn(before(hours=2, minutes=n), "10.0.0.5", "198.51.100.66", sent=150 * mega) for n in range(4)))
    case.expect(
        SrcIpAddr="10.0.0.5", Megabytes=620.0, UsualMegabytes=20.0, DstIpAddr="198.51.100.66", MostMegabytes=600.0, Receivers=2
    )


@case("internal_scan")
def _(case):
    def scan(time, source, port, machines, state="REJ"):
        return [conn(time, source, f"10.0.1.{n}", port, state=state) for n in range(machines)]

    for day in range(5):
        case.ordinary(*scan(before(days=day, hours=3), "10.0.0.2", 445, 40))
    case.ordinary(*scan(before(hours=3), "10.0.0.3", 443, 10, "SF"))
    # Many machines, but over a day.
    case.ordinary(*(conn(before(hours=n // 4), "10.0.0.4", f"10.0.1.{n}", 445) for n in range(60)))
    case.planted(*scan(before(hours=2), "10.0.0.66", 3389, 50))
    case.expect(SrcIpAddr="10.0.0.66", DstPortNumber=3389, Machines=50, Failed=50)


@case("first_outbound_program")
def _(case):
    update = r"C:\Windows\System32\svchost.exe"
    for day in range(10):
        case.ordinary(*(connection(before(days=day), f"pc{n}", update, "203.0.113.1") for n in range(3)))
    # New, but none of the system's; and of the system, but inside.
    case.ordinary(connection(before(hours=3), "pc1", r"C:\Program Files\Chat\chat.exe", "203.0.113.2"))
    case.ordinary(connection(before(hours=3), "pc1", r"C:\Windows\System32\certutil.exe", "10.0.0.9"))
    case.planted(connection(before(hours=2), "pc2", r"C:\Windows\System32\regsvr32.exe", "198.51.100.66", name="evil.example"))
    case.expect(InitiatingProcessFileName="regsvr32.exe", DeviceName="pc2", RemoteIP="198.51.100.66", RemoteUrl="evil.example", Hosts=1)
