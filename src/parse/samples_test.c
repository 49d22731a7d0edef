#include "parse/samples_test.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

const struct sample samples[] = {
    {"syslog with priorities", FORMAT_SYSLOG,
     TEXT("<38>Nov 21 10:00:00 web1 sshd[4242]: Accepted publickey for tan from 192.0.2.7 port "
          "50022\n"
          "<86>Nov 21 10:00:00 web1 sshd[4242]: pam_unix(sshd:session): session opened\n"
          "<78>Nov 21 10:00:01 web1 CRON[4250]: (root) CMD (run-parts /etc/cron.hourly)\n"),
     3},
    {"a file of /var/log", FORMAT_SYSLOG,
     TEXT("Nov 21 10:00:00 web1 sshd[4242]: Connection closed by 192.0.2.7 port 50022 [preauth]\n"
          "Nov 21 10:00:01 web1 sudo:      tan : TTY=pts/0 ; PWD=/home/tan ; USER=root ; "
          "COMMAND=/usr/bin/id\n"
          "Nov 21 10:00:02 web1 kernel: [11.5] device eth0 entered promiscuous mode\n"),
     3},
    {"a file of /var/log with ISO times", FORMAT_SYSLOG,
     TEXT("2026-11-21T10:00:00.123456+08:00 web1 systemd[1]: Started Session 5 of User tan.\n"
          "2026-11-21T10:00:01.000001+08:00 web1 dbus-daemon[700]: [system] Activating service\n"),
     2},
    {"RFC 5424", FORMAT_SYSLOG,
     TEXT("<165>1 2026-11-21T10:00:00.003Z mail evnt 7 ID47 [ex@32473 iut=\"3\"] hello\n"
          "<165>1 2026-11-21T10:00:01Z mail evnt 7 - - again\n"),
     2},
    {"CEF behind syslog", FORMAT_SYSLOG,
     TEXT("<14>Nov 21 10:00:04 fw CEF:0|Acme|Wall|1|100|Scan|7|src=10.0.0.1 dst=10.0.0.2\n"), 1},
    {"Snare", FORMAT_SYSLOG,
     TEXT(
         "dc1\tMSWinEventLog\t1\tSecurity\t33\tSat Nov 21 10:00:00 2026\t4624\tSecurity\ttan\tN/A\t"
         "Success Audit\tdc1\tLogon\t\tAn account was successfully logged on.\t1234\n"),
     1},
    {"CEF", FORMAT_CEF,
     TEXT(
         "CEF:0|Acme|Wall|1.0|100|Port scan|7|src=10.0.0.1 dst=10.0.0.2 msg=many ports\n"
         "CEF:0|Acme|Wall|1.0|101|Deny|3|src=10.0.0.3 act=deny request=https://e.example/?a\\=b\n"),
     2},
    {"LEEF", FORMAT_LEEF,
     TEXT("LEEF:1.0|Acme|Watch|1.0|41|src=192.0.2.1\tdst=192.0.2.2\tsev=5\n"
          "LEEF:2.0|Acme|Watch|1.0|42|^|src=192.0.2.1^dst=192.0.2.2\n"),
     2},
    {"FortiGate", FORMAT_KV,
     TEXT("date=2026-11-21 time=10:02:03 devname=\"fw1\" logid=\"0100044546\" type=\"event\" "
          "action=\"Edit\" msg=\"Edit user.group x\"\n"
          "date=2026-11-21 time=10:02:04 devname=\"fw1\" logid=\"0000000013\" type=\"traffic\" "
          "srcip=10.0.0.1 dstip=192.0.2.2\n"),
     2},
    {"logfmt", FORMAT_KV,
     TEXT("time=\"2026-11-21T10:00:00Z\" level=info msg=\"starting up\" component=api\n"
          "time=\"2026-11-21T10:00:01Z\" level=warn msg=\"a, b; c\" component=api took=3ms\n"),
     2},
    {"CSV", FORMAT_CSV,
     TEXT(
         "TimeCreated,EventID,Computer,Message\r\n"
         "2026-11-21 10:00:00,4624,dc1,\"An account was\r\nsuccessfully \"\"logged\"\" on, hm\"\r\n"
         "2026-11-21 10:00:01,4625,dc1,failed\r\n"
         "2026-11-21 10:00:02,4688,dc1,\r\n"),
     3},
    {"CSV with tabs", FORMAT_CSV,
     TEXT("timestamp\tsource\tdestination\n1795255200\t10.0.0.1\t10.0.0.2\n"
          "1795255201\t10.0.0.1\t10.0.0.3\n"),
     2},
    {"Zeek", FORMAT_ZEEK,
     TEXT("#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
          "#path\tconn\n#open\t2026-11-21-10-00-00\n#fields\tts\tuid\tid.orig_h\ttags\n"
          "#types\ttime\tstring\taddr\tset[string]\n1795255200.000001\tC1\t10.0.0.1\ta,b\n"
          "1795255201.000000\tC2\t10.0.0.2\t-\n#close\t2026-11-21-11-00-00\n"
          "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n#types\ttime\tstring\n"
          "1795255202.000000\te.example\n1795255203.000000\te.example\n"),
     4},
    {"auditd", FORMAT_AUDITD,
     TEXT("type=SYSCALL msg=audit(1795255200.123:4567): arch=c000003e syscall=59 comm=\"cat\"\n"
          "type=EXECVE msg=audit(1795255200.123:4567): argc=2 a0=\"cat\" a1=\"/etc/shadow\"\n"
          "type=CWD msg=audit(1795255200.123:4567): cwd=\"/root\"\n"
          "type=USER_LOGIN msg=audit(1795255201.000:4568): pid=9 msg='op=login res=success'\n"),
     2},
    {"Apache", FORMAT_ACCESS,
     TEXT("203.0.113.7 - - [21/Nov/2026:10:00:00 +0800] \"GET /?a=1&b=2 HTTP/1.1\" 200 512 \"-\" "
          "\"Mozilla/5.0 (X11)\"\n"
          "203.0.113.7 - tan [21/Nov/2026:10:00:01 +0800] \"POST /login HTTP/1.1\" 302 0 \"-\" "
          "\"curl/8\"\n"),
     2},
    {"nginx behind a virtual host", FORMAT_ACCESS,
     TEXT("www.example.com:443 203.0.113.7 - - [21/Nov/2026:10:00:00 +0800] \"GET / HTTP/2.0\" 200 "
          "5 \"-\" \"x\"\n"),
     1},
    {"IIS", FORMAT_W3C,
     TEXT("#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n"
          "#Date: 2026-11-21 02:00:00\r\n#Fields: date time cs-method cs-uri-stem sc-status\r\n"
          "2026-11-21 02:00:00 GET /a 200\r\n2026-11-21 02:00:01 GET /b 404\r\n"
          "#Date: 2026-11-21 03:00:00\r\n#Fields: time c-ip\r\n03:00:00 203.0.113.7\r\n"),
     3},
    {"journal", FORMAT_JOURNAL,
     TEXT("__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1795255200000001\nMESSAGE\n\x0b\0\0\0\0\0\0\0"
          "two\n\nlines!\n_PID=42\n\n__CURSOR=s=1;i=3\n__REALTIME_TIMESTAMP=1795255200000002\n"
          "MESSAGE=x\n\n"),
     2},
    {"prose", FORMAT_PLAIN,
     TEXT(
         "Dear all,\n\nthe quick brown fox, it seems, jumps over the lazy dog.\nRegards, A. Fox\n"),
     3},
    {"a stack trace", FORMAT_PLAIN,
     TEXT("java.lang.IllegalStateException: no = here\n\tat a.b.C.d(C.java:42)\n"
          "\tat a.b.C.main(C.java:7)\n"),
     3},
    {"an error log of nginx", FORMAT_PLAIN,
     TEXT(
         "2026/11/21 10:00:00 [error] 7#7: *1 open() \"/x\" failed (2: No such file or directory), "
         "client: 203.0.113.7, server: www\n"),
     1},
};

const size_t n_samples = sizeof(samples) / sizeof(*samples);
