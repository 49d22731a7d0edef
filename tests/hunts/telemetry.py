"""Events in the form in which their sources write them. Times are told as how long before NOW."""

import datetime
import json

# The time that all hunts are run for. Midnight of today, so that no centre finds the events too old to keep.
NOW = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)


def before(days=0, hours=0, minutes=0, seconds=0):
    """That long before the last second that a hunt for NOW sees."""
    return NOW - datetime.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds + 1)


def iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# ---- Windows ----


def sysmon(number, time, host, **fields):
    return {
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": number,
        "Computer": host,
        "UtcTime": time.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        **fields,
    }


def process(time, host, image, parent=r"C:\Windows\explorer.exe", command=None, user=r"CORP\anna", **fields):
    return sysmon(1, time, host, Image=image, CommandLine=command or image, ParentImage=parent, User=user, **fields)


def connection(time, host, image, address, port=443, local="10.0.0.1", name=""):
    return sysmon(
        3, time, host, Image=image, User=r"CORP\anna", Protocol="tcp", Initiated="true", SourceIp=local,
        SourcePort=50000, DestinationIp=address, DestinationPort=port, DestinationHostname=name,
    )


def security(number, time, host, **fields):
    return {
        "Provider_Name": "Microsoft-Windows-Security-Auditing",
        "Channel": "Security",
        "EventID": number,
        "Computer": host,
        "TimeCreated_SystemTime": iso(time),
        **fields,
    }


def logon(time, host, user, kind=3, address="-", workstation="-", failed=None, domain="CORP"):
    """4624, or 4625 with the reason it failed for."""
    more = {"SubStatus": failed, "Status": "0xc000006d"} if failed else {}
    return security(
        4625 if failed else 4624, time, host, TargetUserName=user, TargetDomainName=domain, LogonType=kind,
        IpAddress=address, WorkstationName=workstation, AuthenticationPackageName="NTLM", **more,
    )


def service(time, host, name, path):
    return {
        "Provider_Name": "Service Control Manager",
        "Channel": "System",
        "EventID": 7045,
        "Computer": host,
        "TimeCreated_SystemTime": iso(time),
        "ServiceName": name,
        "ImagePath": path,
        "ServiceType": "user mode service",
        "StartType": "auto start",
        "AccountName": "LocalSystem",
    }


# ---- Linux ----


def syslog(time, host, program, message, **fields):
    return {"timestamp": iso(time), "host": host, "program": program, "pid": 4711, "message": message, **fields}


def sshd(time, host, user, address, accepted=False, known=True):
    verdict = "Accepted password" if accepted else "Failed password"
    who = user if known or accepted else f"invalid user {user}"
    return syslog(time, host, "sshd", f"{verdict} for {who} from {address} port 52000 ssh2")


# ---- the network ----


def zeek(path, time, source, target, port, **fields):
    return {
        "_path": path, "ts": iso(time), "uid": "C1", "id.orig_h": source, "id.orig_p": 50000, "id.resp_h": target,
        "id.resp_p": port, "proto": "tcp", **fields,
    }


def conn(time, source, target, port=443, sent=1000, received=5000, seconds=1.5, state="SF", service="ssl"):
    return zeek(
        "conn", time, source, target, port, orig_bytes=sent, resp_bytes=received, duration=seconds, conn_state=state,
        service=service,
    )


def dns(time, source, name, answer="192.0.2.7", kind="A", code="NOERROR"):
    return zeek(
        "dns", time, source, "10.0.0.53", 53, query=name, qtype_name=kind, rcode_name=code,
        rcode=0 if code == "NOERROR" else 3, answers=[answer] if code == "NOERROR" else [],
    )


def http(time, source, host, uri="/", agent="Mozilla/5.0", method="GET", status=200, target="192.0.2.80"):
    return zeek("http", time, source, target, 80, host=host, uri=uri, user_agent=agent, method=method, status_code=status)


# ---- clouds ----


def sign_in(time, user, address, result="0", place=("AT", 48.2, 16.37), app="Outlook", agent="Mozilla/5.0"):
    """As the diagnostic setting of Microsoft Entra sends it. The place is country, latitude, longitude."""
    country, latitude, longitude = place
    return {
        "time": iso(time),
        "category": "SignInLogs",
        "operationName": "Sign-in activity",
        "resultType": result,
        "callerIpAddress": address,
        "location": country,
        "properties": {
            "userPrincipalName": user,
            "appDisplayName": app,
            "userAgent": agent,
            "location": {
                "countryOrRegion": country,
                "geoCoordinates": {"latitude": latitude, "longitude": longitude},
            },
        },
    }


def audit(time, user, operation, target, **more):
    """An entry of Microsoft Entra's audit log."""
    return {
        "time": iso(time),
        "category": "AuditLogs",
        "operationName": operation,
        "identity": user,
        "properties": {
            "activityDisplayName": operation,
            "result": "success",
            "initiatedBy": {"user": {"userPrincipalName": user, "ipAddress": "198.51.100.9"}},
            "targetResources": [{"displayName": target, "type": "ServicePrincipal", **more}],
        },
    }


def office(time, user, operation, workload="Exchange", address="198.51.100.9", **fields):
    return {
        "CreationTime": iso(time), "Operation": operation, "Workload": workload, "RecordType": 1, "UserId": user,
        "OrganizationId": "o", "ClientIP": address, "ResultStatus": "Succeeded", **fields,
    }


def cloudtrail(time, user, name, region="eu-central-1", address="198.51.100.9", kind="IAMUser", source="ec2", **fields):
    identity = {"type": kind, "accountId": "111122223333", "arn": f"arn:aws:iam::111122223333:user/{user}"}
    if kind == "Root":
        identity["arn"] = "arn:aws:iam::111122223333:root"
    else:
        identity["userName"] = user
    return {
        "eventVersion": "1.08", "eventTime": iso(time), "eventSource": f"{source}.amazonaws.com", "eventName": name,
        "awsRegion": region, "sourceIPAddress": address, "userAgent": "aws-cli/2.15", "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333", "readOnly": False, "userIdentity": identity, **fields,
    }


def lines(events):
    return "".join(json.dumps(event) + "\n" for event in events).encode()
