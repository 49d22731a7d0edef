"""What is done in clouds."""

from case import case
from telemetry import audit, before, cloudtrail, office

ACCOUNT = "111122223333"


@case("aws_root_use")
def _(case):
    case.ordinary(*(cloudtrail(before(hours=hour), "anna", "CreateUser", source="iam") for hour in range(5)))
    # What AWS does in root's name, and root last week.
    case.ordinary(cloudtrail(before(hours=2), "", "CreateGrant", kind="Root", eventType="AwsServiceEvent"))
    case.ordinary(cloudtrail(before(days=6), "", "UpdateAccountPaymentMethod", kind="Root"))
    case.planted(cloudtrail(before(hours=2), "", "ConsoleLogin", address="203.0.113.66", kind="Root", source="signin"))
    case.planted(cloudtrail(before(hours=1), "", "DescribeRegions", address="203.0.113.66", kind="Root", readOnly=True))
    case.expect(UserIdentityAccountId=ACCOUNT, SourceIpAddress="203.0.113.66", Calls=2, Changes=1, Names=["ConsoleLogin", "DescribeRegions"])


@case("aws_console_without_mfa")
def _(case):
    def entered(time, user, factor, result="Success", address="198.51.100.9", kind="IAMUser"):
        return cloudtrail(
            time, user, "ConsoleLogin", address=address, kind=kind, source="signin", responseElements={"ConsoleLogin": result},
            additionalEventData={"MFAUsed": factor, "LoginTo": "https://console.aws.amazon.com/"},
        )

    for day in range(4):
        case.ordinary(entered(before(days=day), "anna", "Yes"))
    case.ordinary(entered(before(hours=3), "boris", "No", "Failure"), entered(before(days=4), "carla", "No"))
    case.ordinary(entered(before(hours=3), "role", "No", kind="AssumedRole"))
    case.planted(entered(before(hours=2), "anna", "No", address="203.0.113.66"), entered(before(hours=1), "dora", "No"))
    case.expect(User="anna", SourceIpAddress="203.0.113.66", Without=1, With=4, Level="high")
    case.expect(User="dora", SourceIpAddress="198.51.100.9", Without=1, With=0, Level="medium")


@case("cloud_logging_off")
def _(case):
    def changed(time, call, user="admin", **parameters):
        return cloudtrail(time, user, call, source="cloudtrail", requestParameters=parameters)

    case.ordinary(changed(before(hours=4), "UpdateTrail", name="main", isMultiRegionTrail=True))
    case.ordinary(changed(before(hours=4), "UpdateDetector", detectorId="d", enable=True))
    case.ordinary(changed(before(hours=4), "StartLogging", name="main"))
    case.ordinary(cloudtrail(before(hours=4), "admin", "DescribeTrails", readOnly=True))
    case.planted(changed(before(hours=2), "StopLogging", "anna", name="main"))
    case.planted(changed(before(hours=1), "UpdateDetector", "anna", detectorId="d", enable=False))
    case.planted(cloudtrail(before(hours=1), "eve", "DeleteTrail", errorCode="AccessDenied"))
    user = "arn:aws:iam::111122223333:user/"
    case.expect(Principal=user + "anna", Calls=["StopLogging", "UpdateDetector"], Off=2, Refused=0)
    case.expect(Principal=user + "eve", Calls=["DeleteTrail"], Off=1, Refused=1)


@case("mailbox_rules_of_many")
def _(case):
    def rule(time, user, address="198.51.100.9:443", **parameters):
        listed = [{"Name": name, "Value": value} for name, value in {"Identity": user, **parameters}.items()]
        return office(time, user, "New-InboxRule", address=address, Parameters=listed)

    # Rules of people: each another one, and one that two have.
    for n in range(6):
        case.ordinary(rule(before(days=n), f"user{n}@agency.example", f"192.0.2.{n}", MoveToFolder=f"Project {n}", SubjectContainsWords=f"project {n}"))
    case.ordinary(*(rule(before(hours=4), f"pair{n}@agency.example", f"192.0.2.{n + 20}", MoveToFolder="Newsletters", From="news@x.example") for n in range(2)))
    for n in range(4):
        address = f"203.0.113.{n}:50000"
        case.planted(rule(before(hours=2), f"victim{n}@agency.example", address, ForwardTo="smtp:Drop@evil.example", DeleteMessage="True"))
    for n in range(3):
        case.planted(rule(before(hours=1), f"other{n}@agency.example", "203.0.113.66", SubjectContainsWords="invoice", MoveToFolder=f"RSS {n}"))
    case.expect(Effect="DeleteMessage true, ForwardTo smtp:drop@evil.example", Mailboxes=4)
    case.expect(Effect="made from 203.0.113.66", Mailboxes=3)


@case("mass_download")
def _(case):
    def fetched(time, user, number, operation="FileDownloaded"):
        return office(
            time, user, operation, "SharePoint", ObjectId=f"https://agency.example/sites/a/{number}.docx", SiteUrl="https://agency.example/sites/a"
        )

    for day in range(8):
        case.ordinary(*(fetched(before(days=day, hours=4), "anna@agency.example", day * 10 + n) for n in range(5)))
        # An archive, which always fetches many.
        case.ordinary(*(fetched(before(days=day, hours=4), "archive@agency.example", day * 1000 + n) for n in range(110)))
    # A new computer; and one file, many times.
    case.ordinary(*(fetched(before(hours=5), "boris@agency.example", n, "FileSyncDownloadedFull") for n in range(150)))
    case.ordinary(*(fetched(before(hours=5), "carla@agency.example", 7) for _ in range(150)))
    case.planted(*(fetched(before(hours=2), "Anna@agency.example", 5000 + n) for n in range(130)))
    case.expect(User="anna@agency.example", Files=135, Usual=5, Days=7, Sites=1)


@case("first_app_credential")
def _(case):
    operation = "Update application – Certificates and secrets management "
    for day in range(5):
        case.ordinary(audit(before(days=7 * day), "developer@agency.example", operation, f"App {day}"))
    case.ordinary(audit(before(hours=4), "anna@agency.example", "Add member to group", "Mail"))
    case.planted(audit(before(hours=2), "Anna@agency.example", "Add service principal credentials", "Mail Archive"))
    case.expect(By="anna@agency.example", Application="Mail Archive", Times=1)
