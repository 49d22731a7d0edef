"""What was never seen before."""

from case import case
from telemetry import audit, before, cloudtrail, logon, process, security, sign_in, syslog

SHELL = r"C:\Windows\System32\cmd.exe"
HOME = ("AT", 48.2, 16.37)
ABROAD = ("KP", 39.0, 125.75)


@case("first_program_on_server")
def _(case):
    for day in range(1, 13):
        for host in ("server", "laptop"):
            case.ordinary(process(before(days=day), host, SHELL), process(before(days=day), host, r"C:\Windows\svchost.exe"))
        # The laptop has something new every other day, and has so today.
        if day % 2:
            case.ordinary(process(before(days=day), "laptop", rf"C:\Tools\{'abcdefghijkl'[day]}x\tool.exe"))
    case.ordinary(process(before(hours=3), "server", SHELL), process(before(hours=3), "laptop", r"C:\Games\game.exe"))
    # A host that is new itself.
    case.ordinary(process(before(hours=3), "fresh", SHELL))
    # The same program in a new version.
    case.ordinary(*(process(before(days=day), "server", rf"C:\Agent\2.{day}\agent.exe") for day in range(12)))
    case.planted(process(before(hours=2), "server", r"C:\Windows\Temp\rclone.exe", command="rclone copy"))
    case.expect(DeviceName="server", FileName="rclone.exe", Days=12, Runs=1)


@case("first_logon_pair")
def _(case):
    for day in range(1, 11):
        for number, user in enumerate(("anna", "boris", "carla")):
            for machine in range(4):
                case.ordinary(logon(before(days=day, hours=number), f"srv{number}{machine}", user, address="10.0.0.5"))
    # One new machine is a change of desks; a machine account may go where it will; a new account is no stolen one.
    case.ordinary(logon(before(hours=4), "srv10", "anna"))
    case.ordinary(*(logon(before(hours=4), f"srv{n}0", "PC1$") for n in range(3)))
    case.ordinary(*(logon(before(hours=4), f"srv{n}0", "newcomer") for n in range(3)))
    # Tried, and refused.
    case.ordinary(*(logon(before(hours=4), f"srv2{n}", "boris", failed="0xc000006a") for n in range(4)))
    case.planted(*(logon(before(hours=3, minutes=n), f"srv1{n}", "Carla", 10, "10.0.0.66") for n in range(4)))
    case.expect(AccountName="carla", Machines=4, Names=["srv10", "srv11", "srv12", "srv13"], RemoteIP="10.0.0.66")


@case("first_country")
def _(case):
    for number in range(6):
        user = f"user{number}@agency.example"
        case.ordinary(*(sign_in(before(days=day, hours=number), user, "192.0.2.1", place=HOME) for day in range(10)))
    # Several come from the branch abroad, so one more is no surprise; who is hardly known is no surprise either.
    for number in range(3):
        case.ordinary(sign_in(before(days=4), f"user{number}@agency.example", "192.0.2.9", place=("DE", 52.5, 13.4)))
    case.ordinary(sign_in(before(hours=4), "user4@agency.example", "192.0.2.9", place=("DE", 52.5, 13.4)))
    case.ordinary(sign_in(before(hours=4), "new@agency.example", "192.0.2.10", place=("FR", 48.8, 2.3)))
    case.ordinary(sign_in(before(hours=4), "user5@agency.example", "203.0.113.5", "50126", place=ABROAD))
    case.planted(sign_in(before(hours=2), "User3@agency.example", "203.0.113.66", place=ABROAD))
    case.expect(UserPrincipalName="user3@agency.example", Location="KP", Countries=["AT"], Known=10, IPAddress="203.0.113.66")


@case("first_admin_share")
def _(case):
    def share(time, host, user, name, address="10.0.0.5"):
        return security(
            5140, time, host, SubjectUserName=user, SubjectDomainName="CORP", ShareName=rf"\\*\{name}", IpAddress=address
        )

    for day in range(12):
        for server in range(6):
            case.ordinary(share(before(days=day + 1), f"srv{server}", "admin", "C$"))
        case.ordinary(share(before(days=day), "srv1", "backup", "ADMIN$"))
        case.ordinary(share(before(days=day), "srv1", "anna", "documents"), share(before(days=day), "srv1", "anna", "IPC$"))
    case.ordinary(share(before(hours=3), "srv9", "admin", "ADMIN$"), share(before(hours=3), "srv9", "PC7$", "ADMIN$"))
    case.planted(share(before(hours=2), "srv3", "Anna", "ADMIN$", "10.0.0.66"))
    case.expect(SubjectUserName="anna", Computer="srv3", ShareName="ADMIN$", IpAddress="10.0.0.66", Times=1)


@case("first_cloud_api")
def _(case):
    calls = ("PutObject", "GetObject", "ListObjects")
    for day in range(12):
        for name in calls:
            case.ordinary(cloudtrail(before(days=day), "uploader", name, source="s3"))
            case.ordinary(cloudtrail(before(days=day), "deployer", name, source="s3"))
    new = ("ListUsers", "ListRoles", "GetAccountSummary", "ListAccessKeys", "DescribeInstances")
    # Somebody who is new himself, and one with a single new call.
    case.ordinary(*(cloudtrail(before(hours=5), "newcomer", name) for name in new))
    case.ordinary(cloudtrail(before(hours=5), "deployer", "UpdateFunctionCode"))
    for name in new:
        case.planted(cloudtrail(before(hours=1), "uploader", name, address="203.0.113.66", source="iam", errorCode="AccessDenied"))
    case.expect(
        Principal="arn:aws:iam::111122223333:user/uploader", NewCalls=5, KnownCalls=3, Refused=5, SourceIpAddress="203.0.113.66"
    )


@case("first_cloud_region")
def _(case):
    for day in range(12):
        case.ordinary(cloudtrail(before(days=day), "deployer", "RunInstances"))
        case.ordinary(cloudtrail(before(days=day), "deployer", "CreateRole", "us-east-1", source="iam"))
    # Looking at it is not using it, and neither is being refused.
    case.ordinary(cloudtrail(before(hours=3), "deployer", "DescribeInstances", "sa-east-1", readOnly=True))
    case.ordinary(cloudtrail(before(hours=3), "deployer", "RunInstances", "ap-east-1", errorCode="Client.UnauthorizedOperation"))
    case.planted(*(cloudtrail(before(hours=1, minutes=n), "deployer", "RunInstances", "ap-south-1") for n in range(3)))
    case.expect(AWSRegion="ap-south-1", Principal="arn:aws:iam::111122223333:user/deployer", Calls=3)


@case("first_app_consent")
def _(case):
    case.ordinary(audit(before(days=40), "anna@agency.example", "Consent to application", "Surveys"))
    case.ordinary(audit(before(hours=6), "boris@agency.example", "Consent to application", "Surveys"))
    case.ordinary(audit(before(hours=6), "boris@agency.example", "Add service principal", "Other"))
    more = {"modifiedProperties": [{"displayName": "ConsentContext.IsAdminConsent", "newValue": '"True"'}]}
    case.planted(audit(before(hours=2), "Carla@agency.example", "Consent to application", "Mail Upgrade", **more))
    case.expect(Application="Mail Upgrade", User="carla@agency.example", Users=1, ForAll=True, IPAddress="198.51.100.9")


@case("first_sudo")
def _(case):
    def sudo(time, host, user, command):
        return syslog(time, host, "sudo", f"   {user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND={command}")

    for day in range(1, 11):
        case.ordinary(sudo(before(days=day), "web1", "anna", "/usr/bin/systemctl restart nginx"))
        case.ordinary(sudo(before(days=day), "web1", "boris", "/usr/bin/apt-get update"))
    # A colleague's command, in other words; a machine without a history; and one that was not allowed.
    case.ordinary(sudo(before(hours=4), "web1", "anna", "/usr/bin/apt-get install nginx"))
    case.ordinary(sudo(before(hours=4), "fresh", "anna", "/usr/sbin/useradd x"))
    case.ordinary(syslog(before(hours=4), "web1", "sudo", "  eve : command not allowed ; TTY=pts/0 ; USER=root ; COMMAND=/bin/sh"))
    case.planted(sudo(before(hours=2), "web1", "boris", "/usr/bin/python3 -c import pty"))
    case.expect(Computer="web1", User="boris", Program="/usr/bin/python3", Command="/usr/bin/python3 -c import pty", Known=20)
