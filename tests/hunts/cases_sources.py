"""How much is told at all. The source of a case's events is "test" (analytics_test.py)."""

from case import case
from telemetry import before, dns, process, sshd


@case("source_volume")
def _(case):
    # How many there are on a day: about the same, with a wild day among them; more by a half; and few.
    for day, count in enumerate((120, 118, 125, 30, 122, 119, 121, 300)):
        case.ordinary(*(dns(before(days=day, hours=3, seconds=n), "10.0.0.1", "www.example") for n in range(count)))
    for day, count in enumerate((90, 60, 61, 59, 62, 60, 60, 61)):
        case.ordinary(*(sshd(before(days=day, hours=3, seconds=n), "web1", "anna", "10.0.0.1", accepted=True) for n in range(count)))
    for day, count in enumerate((10, 1, 1, 2, 1, 1, 2, 1)):
        case.ordinary(*(process(before(days=day, hours=3, seconds=n), "pc1", "x.exe") for n in range(count)))
    case.planted(*(conn_of_case(day, n) for day in range(1, 8) for n in range(40 + day % 3)))
    case.planted(*(conn_of_case(0, n) for n in range(200)))
    case.expect(Source="test", Dataset="suricata", Events=200, Usual=41, Days=7)


def conn_of_case(day, number):
    """A flow of Suricata: another dataset than those above."""
    return {
        "timestamp": before(days=day, hours=2, seconds=number).isoformat(), "event_type": "flow", "flow_id": number, "src_ip": "10.0.0.1",
        "dest_ip": "192.0.2.1", "dest_port": 443, "proto": "TCP",
    }


@case("host_silent")
def _(case):
    for day in range(15):
        for host in range(5):
            case.ordinary(*(process(before(days=day, hours=3, seconds=n), f"pc{host}", "x.exe") for n in range(12)))
        # Somebody who works part time, and a host that tells little.
        if day and day % 3:
            case.ordinary(*(process(before(days=day, hours=3, seconds=n), "parttime", "x.exe") for n in range(12)))
        if day:
            case.ordinary(process(before(days=day, hours=3), "quiet", "x.exe"))
            case.planted(*(process(before(days=day, hours=3, seconds=n), "srv7", "x.exe") for n in range(15)))
    case.expect(Host="srv7", Dataset="windows_sysmon", Source="test", DaysSeen=14, Usual=15, Others=5)
