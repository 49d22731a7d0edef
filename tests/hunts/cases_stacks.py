"""What is rare among many of its kind."""

from case import case
from telemetry import before, connection, dns, http, iso, process, security, service, sysmon

HOSTS = [f"pc{number}" for number in range(12)]


@case("rare_program")
def _(case):
    for number, host in enumerate(HOSTS):
        for image in (r"C:\Windows\System32\svchost.exe", r"C:\Program Files\Mail\mail.exe"):
            case.ordinary(process(before(hours=2 + number), host, image))
        # Each host has an updater of its own, which is the same program.
        updater = rf"C:\Users\user{number}\AppData\Local\Temp\{number}f3a.tmp\update.exe"
        case.ordinary(process(before(hours=3), host, updater))
    # Rare, but long ago: it was shown then.
    case.ordinary(process(before(days=4), "pc1", r"C:\Tools\once.exe"))
    case.planted(process(before(hours=5), "pc7", r"C:\Users\Public\svchost.exe"))
    case.expect(FileName="svchost.exe", DeviceName="pc7", FolderPath=r"C:\Users\Public\svchost.exe", Hosts=1, AllHosts=12)


@case("rare_parent_child")
def _(case):
    shell = r"C:\Windows\System32\cmd.exe"
    for host in HOSTS:
        case.ordinary(process(before(hours=4), host, shell))
        case.ordinary(process(before(hours=4), host, r"C:\Windows\System32\spoolsv.exe", r"C:\Windows\System32\services.exe"))
    case.ordinary(process(before(days=6), "pc2", shell, r"C:\Tools\setup.exe"))
    # A rare pair whose child is as rare: that is another hunt's.
    case.ordinary(process(before(hours=4), "pc1", r"C:\Tools\rare.exe"))
    case.planted(process(before(hours=1), "pc3", shell, r"C:\Windows\System32\spoolsv.exe", "cmd /c whoami"))
    case.expect(InitiatingProcessFileName="spoolsv.exe", FileName="cmd.exe", DeviceName="pc3", Hosts=1, ChildHosts=12)


@case("rare_service")
def _(case):
    for number, host in enumerate(HOSTS):
        # Names and paths differ by numbers only.
        case.ordinary(service(before(hours=6), host, f"CDPUserSvc_{number}a3f", r"C:\Windows\system32\svchost.exe -k UnistackSvcGroup"))
        case.ordinary(service(before(days=3), host, "Agent", rf"C:\Program Files\Agent\4.{number}\agent.exe"))
    case.ordinary(service(before(days=9), "pc2", "Scanner", r"C:\Program Files\Scanner\scanner.exe"))
    case.planted(service(before(hours=2), "pc5", "PSEXESVC", r"C:\Windows\PSEXESVC.exe"))
    case.expect(ServiceName="PSEXESVC", DeviceName="pc5", Hosts=1)


@case("rare_scheduled_task")
def _(case):
    def task(time, host, name, command):
        content = f"<Task><Actions><Exec><Command>{command}</Command><Arguments>-q</Arguments></Exec></Actions></Task>"
        return security(4698, time, host, TaskName=name, TaskContent=content, SubjectUserName="anna", SubjectDomainName="CORP")

    for number, host in enumerate(HOSTS):
        case.ordinary(task(before(hours=7), host, rf"\Update-S-1-5-21-11-22-33-10{number}", r"C:\Program Files\Update\update.exe"))
    case.ordinary(task(before(days=20), "pc4", r"\Backup of Anna", "backup.exe"))
    case.planted(task(before(hours=2), "pc8", r"\OneDrive Helper", r"C:\Users\Public\helper.exe"))
    case.expect(TaskName=r"\OneDrive Helper", Command=r"C:\Users\Public\helper.exe -q", DeviceName="pc8", InitiatingProcessAccountName="anna")


@case("rare_autorun")
def _(case):
    def value(time, host, name, data, key=r"HKU\S-1-5-21-1\SOFTWARE\Microsoft\Windows\CurrentVersion\Run"):
        return sysmon(13, time, host, EventType="SetValue", TargetObject=rf"{key}\{name}", Details=data, Image=r"C:\Windows\reg.exe")

    for number, host in enumerate(HOSTS):
        case.ordinary(value(before(hours=4), host, "Chat", rf"C:\Users\user{number}\AppData\Chat\1.{number}\chat.exe"))
    case.ordinary(value(before(days=8), "pc2", "Scanner", r"C:\Program Files\Scanner\scan.exe"))
    # Rare, but from nowhere that starts programs.
    case.ordinary(value(before(hours=4), "pc1", "Wallpaper", "beach.png", r"HKU\S-1-5-21-1\Control Panel\Desktop"))
    case.planted(value(before(hours=1), "pc6", "Chat", r"C:\ProgramData\chat.exe"))
    case.expect(RegistryValueName="Chat", RegistryValueData=r"C:\ProgramData\chat.exe", DeviceName="pc6", Hosts=1)


@case("rare_user_agent")
def _(case):
    for client in range(12):
        for n in range(4):
            agent = f"Mozilla/5.0 (Windows NT 10.0) Chrome/12{client}.0.{n}"
            case.ordinary(http(before(hours=2 * n + 1), f"10.0.0.{client + 10}", "www.example", agent=agent))
    case.ordinary(*(http(before(days=3, minutes=n), "10.0.0.13", "www.example", agent="Camera/2") for n in range(20)))
    # Said by one, but once only.
    case.ordinary(http(before(hours=1), "10.0.0.12", "www.example", agent="curl/8.1"))
    # Said by one, often, from outside.
    case.ordinary(*(http(before(hours=1, minutes=n), "203.0.113.9", "www.example", agent="Scanner/2") for n in range(20)))
    for n in range(12):
        case.planted(http(before(hours=3, minutes=5 * n), "10.0.0.15", "cdn.example", agent="Mozila/5.0 (compatible)"))
    case.expect(HttpUserAgent="Mozila/5.0 (compatible)", SrcIpAddr="10.0.0.15", HttpHost="cdn.example", Requests=12, Clients=1)


@case("rare_driver_signer")
def _(case):
    def driver(time, host, file, signer, status="Valid"):
        path = rf"C:\Windows\System32\drivers\{file}"
        return sysmon(6, time, host, ImageLoaded=path, Signed="true", Signature=signer, SignatureStatus=status)

    for host in HOSTS:
        case.ordinary(driver(before(days=2), host, "ndis.sys", "Microsoft Windows"))
        case.ordinary(driver(before(hours=9), host, "gpu.sys", "Graphics Inc."))
    case.ordinary(driver(before(days=9), "pc2", "meter.sys", "Meter Ltd."))
    case.planted(driver(before(hours=3), "pc9", "rtcore64.sys", "Overclock Co."))
    case.planted(driver(before(hours=2), "pc10", "x.sys", "Microsoft Windows", "Expired"))
    case.expect(Signer="Overclock Co.", FileName="rtcore64.sys", DeviceName="pc9")
    case.expect(Signer="nobody", FileName="x.sys", DeviceName="pc10")


@case("rare_named_pipe")
def _(case):
    def pipe(time, host, name, image=r"C:\Program Files\Browser\browser.exe"):
        return sysmon(17, time, host, PipeName=name, Image=image, User=r"CORP\anna")

    for number, host in enumerate(HOSTS):
        case.ordinary(pipe(before(hours=3), host, rf"\mojo.{number}234.5678.{number}99"))
        case.ordinary(pipe(before(hours=3), host, "<Anonymous Pipe>"))
    case.ordinary(pipe(before(days=3), "pc2", r"\scanner", r"C:\Program Files\Scanner\scan.exe"))
    case.planted(pipe(before(hours=2), "pc4", r"\status_4f", r"C:\Windows\System32\rundll32.exe"))
    case.expect(PipeName=r"\status_4f", InitiatingProcessFileName="rundll32.exe", DeviceName="pc4", Hosts=1)


@case("rare_dns_domain")
def _(case):
    for client in range(10):
        for hour in range(12):
            case.ordinary(dns(before(hours=hour, minutes=client), f"10.0.0.{client}", f"www{client}.example.com"))
            case.ordinary(dns(before(days=3, hours=hour), f"10.0.0.{client}", "mail.agency.gv.at"))
    # A new site that somebody looks at for an hour, and one that is asked for often but is not new.
    case.ordinary(*(dns(before(hours=4, minutes=n), "10.0.0.3", "news.example.org") for n in range(30)))
    case.ordinary(*(dns(before(hours=n), "10.0.0.4", "weather.example.net") for n in range(60)))
    case.planted(*(dns(before(hours=n // 3, minutes=7 * (n % 3)), "10.0.0.6", "api.upd4te.co.uk") for n in range(24)))
    case.expect(Domain="upd4te.co.uk", ClientIP="10.0.0.6", Clients=1, Queries=24)


@case("rare_outbound_port")
def _(case):
    browser = r"C:\Program Files\Browser\browser.exe"
    for host in HOSTS:
        case.ordinary(*(connection(before(hours=n), host, browser, "203.0.113.7", 443) for n in range(4)))
    case.ordinary(*(connection(before(days=5, hours=n), "pc2", browser, "203.0.113.8", 8883) for n in range(4)))
    # Inside, anything goes; and once is no habit.
    case.ordinary(*(connection(before(hours=n), "pc1", browser, "10.0.0.9", 7777) for n in range(4)))
    case.ordinary(connection(before(hours=2), "pc1", browser, "203.0.113.9", 8443))
    case.planted(*(connection(before(hours=n), "pc5", r"C:\Users\Public\v.exe", "198.51.100.66", 4444) for n in range(4)))
    case.expect(RemotePort=4444, RemoteIP="198.51.100.66", DeviceName="pc5", InitiatingProcessFileName="v.exe", Connections=4)


@case("rare_page_posted")
def _(case):
    def request(time, client, page, method="GET", referer="-", status=200):
        return {
            "date": iso(time)[:10], "@timestamp": iso(time), "s-computername": "web1", "c-ip": client, "cs-method": method,
            "cs-uri-stem": page, "sc-status": status, "cs-referer": referer,
        }

    for client in range(15):
        address = f"203.0.113.{client}"
        case.ordinary(request(before(hours=5), address, "/index.php"))
        case.ordinary(request(before(hours=5), address, "/form.php", "POST", "https://web1/index.php"))
    case.ordinary(*(request(before(days=4, hours=n), "203.0.113.5", "/import.php", "POST") for n in range(8)))
    case.ordinary(*(request(before(hours=n), f"203.0.113.{n % 2}", "/api.php", "POST") for n in range(8)))
    case.ordinary(*(request(before(hours=n), "203.0.113.6", "/once.php", "POST") for n in range(2)))
    # A page that one client posts to, from another page; and a scanner that is refused.
    case.ordinary(*(request(before(hours=n), "203.0.113.3", "/profile.php", "POST", "https://web1/index.php") for n in range(8)))
    case.ordinary(*(request(before(hours=n), "203.0.113.4", "/shell.php", "POST", status=404) for n in range(8)))
    case.planted(*(request(before(hours=n), "198.51.100.66", "/images/logo.php", "POST") for n in range(8)))
    case.expect(Computer="web1", Page="/images/logo.php", ClientIP="198.51.100.66", Clients=1, Posts=8)
