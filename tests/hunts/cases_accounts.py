"""Who logs on, from where, and as whom."""

from case import case
from telemetry import (
    before,
    cloudtrail,
    connection,
    logon,
    office,
    security,
    sign_in,
    sshd,
)

VIENNA = ("AT", 48.2, 16.37)
GRAZ = ("AT", 47.07, 15.44)
SYDNEY = ("AU", -33.87, 151.21)
WRONG = "0xc000006a"
USERS = [f"user{number}" for number in range(20)]


@case("password_spray_windows")
def _(case):
    for day in range(5):
        # A mail gateway, at which many mistype every day, and one more today.
        for user in USERS[:12]:
            case.ordinary(logon(before(days=day, hours=4), "dc1", user, address="10.0.0.25", failed=WRONG))
    # Somebody who tries his own password often, and a machine that tries ten accounts too often for a spray.
    case.ordinary(*(logon(before(hours=5, minutes=n), "dc1", "user3", address="10.0.0.9", failed=WRONG) for n in range(30)))
    for user in USERS[:10]:
        case.ordinary(*(logon(before(hours=5, minutes=n), "dc1", user, address="10.0.0.10", failed=WRONG) for n in range(6)))
    # Accounts that are locked are no wrong passwords.
    case.ordinary(*(logon(before(hours=6), "dc1", user, address="10.0.0.11", failed="0xc0000234") for user in USERS))
    for number, user in enumerate(USERS[:15]):
        case.planted(logon(before(hours=3, minutes=number), "dc1", user, address="::ffff:10.0.0.66", failed=WRONG))
    case.planted(logon(before(hours=2), "pc7", "user7", 3, "10.0.0.66"))
    for user in USERS[:12]:
        case.planted(security(4771, before(hours=1), "dc1", TargetUserName=user, Status="0x18", IpAddress="::ffff:10.0.0.67"))
    case.expect(Source="10.0.0.66", Accounts=15, Tries=15, Entered=1, Names=["user7"], Level="critical")
    case.expect(Source="10.0.0.67", Accounts=12, Tries=12, Entered=0, Names=[], Level="high")


@case("password_spray_entra")
def _(case):
    mail = [f"{user}@agency.example" for user in USERS]
    # The office: most enter, some mistype.
    case.ordinary(*(sign_in(before(hours=4), user, "192.0.2.1") for user in mail))
    case.ordinary(*(sign_in(before(hours=5), user, "192.0.2.1", "50126") for user in mail[:12]))
    case.ordinary(*(sign_in(before(hours=5, minutes=n), mail[3], "203.0.113.3", "50126") for n in range(30)))
    # Refused, but by a policy.
    case.ordinary(*(sign_in(before(hours=5), user, "203.0.113.4", "65001") for user in mail))
    for number, user in enumerate(mail[:14]):
        case.planted(sign_in(before(hours=2, minutes=number), user, f"198.51.100.{number}", "50126"))
    case.planted(sign_in(before(hours=1), mail[15], "198.51.100.3", "50076"))
    case.expect(Network="198.51.100", Accounts=14, Tries=14, Known=1, Names=["user15@agency.example"], Level="critical")


@case("password_spray_ssh")
def _(case):
    # What every server on the internet sees; and people who work.
    case.ordinary(*(sshd(before(hours=4, minutes=n), "web1", user, "203.0.113.5", known=False) for n, user in enumerate(USERS)))
    case.ordinary(*(sshd(before(hours=4), "web1", user, "10.0.0.1", accepted=True) for user in USERS))
    case.ordinary(*(sshd(before(hours=5, minutes=n), "web1", "anna", "10.0.0.2") for n in range(10)))
    case.planted(*(sshd(before(hours=3, minutes=n), "web1", user, "203.0.113.66") for n, user in enumerate(USERS[:10])))
    case.planted(sshd(before(hours=1), "web1", "backup", "203.0.113.66", accepted=True))
    case.planted(*(sshd(before(hours=3), f"db{n % 3}", user, "10.0.0.66") for n, user in enumerate(USERS[:9])))
    case.expect(RemoteIP="203.0.113.66", Accounts=10, Tries=10, Devices=1, Entered=1, Names=["backup"], Level="critical")
    case.expect(RemoteIP="10.0.0.66", Accounts=9, Tries=9, Devices=3, Entered=0, Names=[], Level="high")


@case("brute_force_entered")
def _(case):
    # Mistyped, then right; many failures, but long before, or from elsewhere, or after the success.
    case.ordinary(*(sshd(before(hours=4, seconds=60 - n), "web1", "anna", "10.0.0.1") for n in range(4)))
    case.ordinary(sshd(before(hours=3, minutes=59), "web1", "anna", "10.0.0.1", accepted=True))
    case.ordinary(*(sshd(before(hours=9, minutes=n), "web1", "carla", "10.0.0.3") for n in range(20)))
    case.ordinary(sshd(before(hours=4), "web1", "carla", "10.0.0.3", accepted=True))
    case.ordinary(*(sshd(before(hours=6, minutes=n), "web1", "dora", "203.0.113.5") for n in range(20)))
    case.ordinary(sshd(before(hours=5, minutes=50), "web1", "dora", "10.0.0.4", accepted=True))
    case.ordinary(logon(before(hours=8), "pc1", "eva", 10, "10.0.0.5"))
    case.ordinary(*(logon(before(hours=7, minutes=n), "pc1", "eva", 10, "10.0.0.5", failed=WRONG) for n in range(20)))
    case.planted(*(sshd(before(hours=2, minutes=40 - n), "web1", "root", "203.0.113.66") for n in range(25)))
    case.planted(sshd(before(hours=2, minutes=5), "web1", "root", "203.0.113.66", accepted=True))
    case.planted(*(logon(before(hours=3, minutes=30 - n), "pc2", "Anna", 10, "10.0.0.66", failed=WRONG) for n in range(12)))
    case.planted(logon(before(hours=3), "pc2", "anna", 10, "10.0.0.66"))
    case.planted(logon(before(hours=2), "pc2", "anna", 10, "10.0.0.66"))  # again: it is one finding
    case.expect(AccountName="root", DeviceName="web1", RemoteIP="203.0.113.66", Failures=25)
    case.expect(AccountName="anna", DeviceName="pc2", RemoteIP="10.0.0.66", Failures=12)


@case("impossible_travel_sign_in")
def _(case):
    for hour in range(8):
        for number in range(6):
            case.ordinary(sign_in(before(hours=hour + 1), f"user{number}@agency.example", "192.0.2.1", place=VIENNA))
    # Near enough; far, but in time for it; far, but not entered; through a gateway that all use.
    case.ordinary(sign_in(before(hours=2, minutes=30), "near@agency.example", "192.0.2.2", place=VIENNA))
    case.ordinary(sign_in(before(hours=2, minutes=20), "near@agency.example", "192.0.2.3", place=GRAZ))
    case.ordinary(sign_in(before(hours=23), "pilot@agency.example", "192.0.2.4", place=VIENNA))
    case.ordinary(sign_in(before(hours=1), "pilot@agency.example", "192.0.2.5", place=SYDNEY))
    case.ordinary(sign_in(before(hours=3), "user1@agency.example", "203.0.113.5", "50126", place=SYDNEY))
    case.ordinary(*(sign_in(before(hours=4), f"user{n}@agency.example", "192.0.2.6", place=SYDNEY) for n in range(6)))
    case.ordinary(sign_in(before(hours=4, minutes=30), "mobile@agency.example", "192.0.2.7", place=VIENNA))
    case.planted(sign_in(before(hours=4), "Mobile@agency.example", "203.0.113.66", place=SYDNEY))
    case.expect(
        UserPrincipalName="mobile@agency.example", Kilometres=15976, Between="00:30:00", PreviousLocation="AT", Location="AU",
        IPAddress="203.0.113.66",
    )


# In the file of places (analytics_test.py): 192.0.2.0/24 is in Vienna, 203.0.113.0/24 in Sydney.
@case("impossible_travel_address")
def _(case):
    for hour in range(6):
        case.ordinary(cloudtrail(before(hours=hour), "anna", "GetObject", address="192.0.2.1"))
        case.ordinary(office(before(hours=hour), "boris@agency.example", "FileAccessed", address="192.0.2.9:50123"))
        case.ordinary(sshd(before(hours=hour), "web1", "carla", "10.0.0.1", accepted=True))
    # Nobody knows where that is; a role is used from where it runs; time enough for the journey.
    case.ordinary(office(before(hours=2), "boris@agency.example", "FileAccessed", address="198.51.100.9"))
    case.ordinary(*(cloudtrail(before(hours=1, minutes=n), "role", "X", address=a, kind="AssumedRole") for n, a in enumerate(("192.0.2.1", "203.0.113.1"))))
    # A gateway abroad that many come through.
    for n in range(6):
        case.ordinary(sshd(before(hours=4), "web1", f"user{n}", "192.0.2.8", accepted=True))
        case.ordinary(sshd(before(hours=3), "web1", f"user{n}", "203.0.113.8", accepted=True))
    case.ordinary(sshd(before(hours=23), "web1", "pilot", "192.0.2.2", accepted=True))
    case.ordinary(sshd(before(hours=1), "web1", "pilot", "203.0.113.2", accepted=True))
    case.planted(cloudtrail(before(hours=2, minutes=20), "anna", "ListUsers", address="203.0.113.66"))
    case.planted(office(before(hours=3, minutes=30), "boris@agency.example", "MailItemsAccessed", address="203.0.113.67"))
    anna = "arn:aws:iam::111122223333:user/anna"
    case.expect(Account=anna, Kilometres=15976, PreviousCountry="Austria", Country="Australia", Address="203.0.113.66")
    case.expect(Account=anna, Kilometres=15976, PreviousCountry="Australia", Country="Austria", Address="192.0.2.1")
    boris = "boris@agency.example"
    case.expect(Account=boris, Kilometres=15976, PreviousCountry="Austria", Country="Australia", Address="203.0.113.67")
    case.expect(Account=boris, Kilometres=15976, PreviousCountry="Australia", Country="Austria", Address="192.0.2.9")


@case("dormant_account")
def _(case):
    for week in range(10):
        case.ordinary(logon(before(days=7 * week, hours=3), "pc1", "anna", 2))
    # Three weeks of leave; never seen before; a machine; and one that still sleeps.
    case.ordinary(logon(before(days=22), "pc1", "boris", 2), logon(before(hours=4), "pc1", "boris", 2))
    case.ordinary(logon(before(hours=4), "pc1", "newcomer", 2))
    case.ordinary(logon(before(days=60), "pc1", "PC9$", 3), logon(before(hours=4), "pc1", "PC9$", 3))
    case.ordinary(logon(before(days=70), "pc1", "project", 2), logon(before(days=70), "pc1", "gone", 2))
    case.planted(logon(before(hours=2), "srv1", "Project", 10, "10.0.0.66"))
    case.expect(AccountName="project", DeviceName="srv1", RemoteIP="10.0.0.66", Slept="69.22:00:00", LogonsBefore=1, Logons=1)


@case("lateral_movement_chain")
def _(case):
    def moved(time, origin, target, user, kind=10):
        return logon(time, f"{target}.corp.example", user, kind, workstation=origin.upper())

    for day in range(10):
        # A jump host, which people use and which goes everywhere.
        case.ordinary(moved(before(days=day, hours=5), "pc1", "jump", "admin"))
        case.ordinary(*(moved(before(days=day, hours=4, minutes=50), "jump", f"srv{n}", "admin") for n in range(4)))
        case.ordinary(moved(before(days=day, hours=3), "pc2", "files", "anna", 3))
    # A first visit that goes nowhere; two that are too far apart; and there and back.
    case.ordinary(moved(before(hours=6), "pc3", "files", "boris"))
    case.ordinary(moved(before(hours=9), "pc4", "srv8", "carla"), moved(before(hours=3), "srv8", "srv9", "carla"))
    case.ordinary(moved(before(hours=2), "pc5", "srv5", "dora"), moved(before(hours=1), "srv5", "pc5", "dora"))
    # By its connections, an address is known to be pc2.
    case.ordinary(connection(before(hours=5), "pc2.corp.example", "x.exe", "203.0.113.1", local="10.0.0.2"))
    case.ordinary(logon(before(hours=4), "files.corp.example", "anna", 3, "10.0.0.2"))
    case.planted(logon(before(hours=2), "srv6.corp.example", "anna", 3, "10.0.0.2"))
    case.planted(moved(before(hours=1), "srv6", "dc1", "svc_backup", 3))
    case.expect(A="pc2", B="srv6", C="dc1", FirstAccount="anna", SecondAccount="svc_backup")


@case("kerberoasting_volume")
def _(case):
    def ticket(time, user, service, kind="0x12", address="10.0.0.1"):
        return security(
            4769, time, "dc1", TargetUserName=f"{user}@CORP.EXAMPLE", ServiceName=service, TicketEncryptionType=kind,
            IpAddress=f"::ffff:{address}", Status="0x0",
        )

    for day in range(5):
        case.ordinary(*(ticket(before(days=day, hours=5, minutes=n + 1), "monitor", f"svc_{n}") for n in range(12)))
        case.ordinary(*(ticket(before(days=day, hours=6, minutes=n + 1), "anna", f"svc_{n}") for n in range(3)))
    # Machines' services are everybody's; and many over a day are none in an hour.
    case.ordinary(*(ticket(before(hours=4, minutes=n + 1), "boris", f"PC{n}$") for n in range(30)))
    case.ordinary(*(ticket(before(hours=n), "carla", f"svc_{n}") for n in range(12)))
    case.planted(*(ticket(before(hours=2, minutes=n + 1), "anna", f"svc_{n}", "0x17", "10.0.0.66") for n in range(10)))
    case.expect(Account="anna", Address="10.0.0.66", Services=10, Weak=10, Usual=3)


@case("replication_by_account")
def _(case):
    right = "%%7688 {1131f6ad-9c07-11d1-f79f-00c04fc2dcd2} {19195a5b-6da0-11d0-afd3-00c04fd930c9}"

    def accessed(time, user, properties=right):
        return security(4662, time, "dc1", SubjectUserName=user, SubjectDomainName="CORP", ObjectServer="DS", Properties=properties)

    for day in range(6):
        case.ordinary(accessed(before(days=day), "DC2$"), accessed(before(days=day), "MSOL_4f2a"))
    case.ordinary(accessed(before(hours=4), "anna", "%%7685 {bf967aba-0de6-11d0-a285-00aa003049e2}"))
    case.planted(accessed(before(hours=2), "Anna"), accessed(before(hours=1), "Anna"))
    case.expect(SubjectUserName="anna", Computer="dc1", Times=2)


@case("new_local_administrator")
def _(case):
    def added(time, host, member, by, group="S-1-5-32-544"):
        return security(
            4732, time, host, TargetUserName="Administrators", TargetSid=group, MemberName=f"CN={member},OU=People", MemberSid="S-1-5-21-7",
            SubjectUserName=by, SubjectDomainName="CORP",
        )

    for day in range(8):
        case.ordinary(added(before(days=3 * day), f"pc{day}", f"user{day}", "helpdesk"))
    case.ordinary(added(before(hours=4), "pc1", "eva", "carla", "S-1-5-32-555"))
    case.planted(added(before(hours=2), "srv1", "guest2", "Boris"))
    case.expect(By="boris", Member="guest2", DeviceName="srv1")


@case("short_lived_account")
def _(case):
    def changed(number, time, name, sid, by="admin"):
        return security(number, time, "dc1", TargetUserName=name, TargetSid=sid, SubjectUserName=by, TargetDomainName="CORP")

    # Made long ago, and removed; made, and still there.
    case.ordinary(changed(4726, before(hours=5), "retired", "S-1-5-21-1"))
    case.ordinary(changed(4720, before(hours=30), "student", "S-1-5-21-2"), changed(4726, before(hours=6), "student", "S-1-5-21-2"))
    case.ordinary(changed(4720, before(hours=5), "newcomer", "S-1-5-21-3"))
    case.planted(changed(4720, before(hours=4), "Support2", "S-1-5-21-4", "anna"))
    case.planted(logon(before(hours=3, minutes=30), "srv1", "support2", 10))
    case.planted(changed(4726, before(hours=3), "Support2", "S-1-5-21-4", "boris"))
    case.expect(AccountName="Support2", Lived="01:00:00", MadeBy="anna", RemovedBy="boris", Logons=1)
