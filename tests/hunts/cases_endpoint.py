"""What programs do on hosts."""

from case import case
from telemetry import before, process, sysmon

SYSTEM = r"C:\Windows\System32"
SHELL = rf"{SYSTEM}\cmd.exe"
HOSTS = [f"pc{number}" for number in range(8)]


@case("first_interpreter_of_program")
def _(case):
    tomcat = r"C:\Program Files\Tomcat\bin\tomcat9.exe"
    for day in range(6):
        # A web application that converts files, day after day; and people.
        case.ordinary(process(before(days=day), "web1", SHELL, tomcat, "cmd /c convert.bat"))
        case.ordinary(process(before(days=day), "pc1", SHELL))
    # New, but no server or document; and a server that starts no interpreter.
    case.ordinary(process(before(hours=4), "pc1", SHELL, r"C:\Tools\build.exe"))
    case.ordinary(process(before(hours=4), "web1", r"C:\Program Files\Tomcat\bin\service.exe", tomcat))
    case.planted(process(before(hours=3), "web2", rf"{SYSTEM}\WindowsPowerShell\v1.0\powershell.exe", tomcat, "powershell -enc AAAA"))
    case.planted(process(before(hours=2), "web2", SHELL, rf"{SYSTEM}\inetsrv\w3wp.exe", "cmd /c whoami"))
    case.expect(Parent="tomcat9", Child="powershell", DeviceName="web2", ProcessCommandLine="powershell -enc AAAA", Hosts=1)
    case.expect(Parent="w3wp", Child="cmd", DeviceName="web2", ProcessCommandLine="cmd /c whoami", Hosts=1)


@case("lsass_access")
def _(case):
    def opened(time, host, image, access="0x1410", target="lsass.exe", trace=r"C:\Windows\SYSTEM32\ntdll.dll+9c584"):
        return sysmon(10, time, host, SourceImage=image, TargetImage=rf"{SYSTEM}\{target}", GrantedAccess=access, CallTrace=trace, SourceUser="CORP\\anna")

    for host in HOSTS:
        case.ordinary(opened(before(hours=5), host, r"C:\Program Files\Antivirus\av.exe"))
    # Without the right to read; and the memory of something else.
    case.ordinary(opened(before(hours=4), "pc1", r"C:\Tools\top.exe", "0x1400"))
    case.ordinary(opened(before(hours=4), "pc1", r"C:\Tools\debug.exe", "0x1fffff", "notepad.exe"))
    case.ordinary(opened(before(days=9), "pc1", r"C:\Tools\procexp.exe"))
    case.planted(opened(before(hours=2), "pc3", r"C:\Users\anna\dump.exe", "0x1010", trace="UNKNOWN(000002)"))
    case.expect(DeviceName="pc3", InitiatingProcessFileName="dump.exe", Program=r"c:\users\*\dump.exe", Access="0x1010", FromNowhere=1, Hosts=1)


@case("backups_removed")
def _(case):
    def ran(time, host, command, user=r"CORP\backup"):
        return process(time, host, SHELL, command=command, user=user)

    for day in range(8):
        case.ordinary(ran(before(days=day), "srv1", "vssadmin.exe delete shadows /for=D: /oldest"))
    case.ordinary(ran(before(hours=4), "pc1", "vssadmin list shadows", r"CORP\anna"), ran(before(hours=4), "pc1", "bcdedit /enum", r"CORP\anna"))
    case.ordinary(ran(before(hours=4), "pc1", "wmic process list", r"CORP\anna"))
    case.planted(ran(before(hours=2), "srv2", "vssadmin delete shadows /all /quiet", r"CORP\anna"))
    case.planted(ran(before(hours=2, minutes=-1), "srv2", "bcdedit /set {default} recoveryenabled No", r"CORP\anna"))
    case.planted(ran(before(hours=1), "srv3", "powershell Get-WmiObject Win32_ShadowCopy | % { $_.Delete() }", r"CORP\eve"))
    case.expect(DeviceName="srv2", AccountName="anna", ProcessCommandLine="vssadmin delete shadows /all /quiet", Times=2)
    case.expect(
        DeviceName="srv3", AccountName="eve", ProcessCommandLine="powershell Get-WmiObject Win32_ShadowCopy | % { $_.Delete() }", Times=1
    )


@case("security_tool_stopped")
def _(case):
    def ran(time, host, command, user=r"CORP\anna"):
        return process(time, host, SHELL, command=command, user=user)

    for day in range(3):
        case.ordinary(ran(before(days=day), f"srv{day}", "net stop CSFalconService", r"CORP\admin"))
    for command in ("net stop spooler", "sc query WinDefend", "taskkill /im mail.exe", "netsh advfirewall show allprofiles state", "sc stop Themes"):
        case.ordinary(ran(before(hours=4), "pc1", command))
    case.planted(ran(before(hours=3), "pc2", 'powershell "Set-MpPreference -DisableRealtimeMonitoring $true"'))
    case.planted(ran(before(hours=2), "pc2", "sc.exe config Sysmon64 start= disabled"))
    case.planted(ran(before(hours=1), "web1", "systemctl stop auditd", "root"))
    case.expect(DeviceName="pc2", AccountName="anna", Commands=2, ProcessCommandLine="sc.exe config Sysmon64 start= disabled")
    case.expect(DeviceName="web1", AccountName="root", Commands=1, ProcessCommandLine="systemctl stop auditd")


@case("mass_file_change")
def _(case):
    def wrote(time, host, folder, name, image=r"C:\Program Files\Office\word.exe"):
        return sysmon(11, time, host, Image=image, TargetFilename=rf"C:\{folder}\{name}", User="CORP\\anna")

    for n in range(80):
        # Everyday endings, in many folders; a new ending in one folder; and few of a new one in many.
        case.ordinary(wrote(before(days=2, seconds=n), "pc1", rf"data\{n % 9}", f"report{n}.docx"))
        case.ordinary(wrote(before(hours=4, seconds=n), "pc1", rf"data\{n % 9}", f"report{n}.docx"))
        case.ordinary(wrote(before(hours=4, seconds=n), "pc2", "photos", f"photo{n}.avif", r"C:\Tools\convert.exe"))
    case.ordinary(*(wrote(before(hours=4, seconds=n), "pc2", rf"data\{n}", f"plan{n}.sketch") for n in range(20)))
    evil = r"C:\Users\Public\run.exe"
    case.planted(*(wrote(before(hours=2, minutes=5, seconds=n), "pc3", rf"data\{n % 12}", f"report{n}.docx.l0ck", evil) for n in range(70)))
    case.expect(DeviceName="pc3", InitiatingProcessFileName="run.exe", Extension=".l0ck", Files=70, Folders=12)


@case("first_remote_control_tool")
def _(case):
    own = r"C:\Program Files\TeamViewer\TeamViewer.exe"
    for day in range(5):
        case.ordinary(process(before(days=day), f"pc{day}", own, Product="TeamViewer"))
        case.ordinary(process(before(days=day), f"pc{day}", r"C:\Program Files\Mail\mail.exe", Product="Mail"))
    case.planted(process(before(hours=2), "pc4", r"C:\Users\Public\invoice.exe", Product="AnyDesk", Description="AnyDesk"))
    case.expect(Product="anydesk", DeviceName="pc4", FolderPath=r"C:\Users\Public\invoice.exe", Hosts=1, Runs=1)


@case("renamed_program")
def _(case):
    for host in HOSTS:
        # A vendor ships it so; a version in the name; the same in other letters.
        case.ordinary(process(before(hours=5), host, r"C:\Program Files\Agent\agentsvc.exe", OriginalFileName="node.exe"))
        case.ordinary(process(before(hours=5), host, SHELL, OriginalFileName="Cmd.Exe"))
    case.ordinary(process(before(hours=5), "pc1", r"C:\Tools\setup-1.2.exe", OriginalFileName="setup.exe"))
    case.ordinary(process(before(hours=5), "pc1", r"C:\Tools\7z2301-x64.exe", OriginalFileName="7z.exe"))
    case.ordinary(process(before(days=5), "pc3", r"C:\Tools\pack.exe", OriginalFileName="rar.exe"))
    case.planted(process(before(hours=2), "pc2", r"C:\Windows\Temp\svchost.exe", OriginalFileName="psexec.c", command="svchost.exe \\\\dc1 cmd"))
    case.expect(Original="psexec.c", FileName="svchost.exe", DeviceName="pc2", Hosts=1)
