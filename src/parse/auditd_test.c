#include "base/test.h"

#include "parse/collect_test.h"

#define ID "msg=audit(1795255200.123:4567)"

static void check(struct str stream, const char *events, const char *errors)
{
    assert_collected(&format_auditd, stream, events, errors);
}

static void records_of_one_event_are_joined(void **state)
{
    (void)state;
    struct str stream =
        STR("type=SYSCALL " ID ": arch=c000003e syscall=59 success=yes exit=0 a0=55b2c8 a1=55b2d0 "
            "auid=1000 uid=0 tty=pts0 comm=\"cat\" exe=\"/usr/bin/cat\" key=\"shadow\"\n"
            "type=EXECVE " ID ": argc=2 a0=\"cat\" a1=\"/etc/shadow\"\n"
            "type=CWD " ID ": cwd=\"/root\"\n"
            "type=PATH " ID ": item=0 name=\"/usr/bin/cat\" nametype=NORMAL\n"
            "type=PATH " ID ": item=1 name=(null) nametype=NORMAL\n"
            "type=PROCTITLE " ID ": proctitle=636174002F6574632F736861646F77\n");
    check(stream,
          "{\"type\":[\"SYSCALL\",\"EXECVE\",\"CWD\",\"PATH\",\"PATH\",\"PROCTITLE\"],"
          "\"msg\":\"audit(1795255200.123:4567)\",\"arch\":\"c000003e\",\"syscall\":\"59\","
          "\"success\":\"yes\",\"exit\":\"0\",\"auid\":\"1000\",\"uid\":\"0\",\"tty\":\"pts0\","
          "\"comm\":\"cat\",\"exe\":\"/usr/bin/cat\",\"key\":\"shadow\",\"SYSCALL\":\"execve\","
          "\"argc\":\"2\",\"a0\":\"cat\",\"a1\":\"/etc/shadow\",\"cwd\":\"/"
          "root\",\"item\":[\"0\",\"1\"],"
          "\"name\":[\"/usr/bin/cat\",\"(null)\"],\"nametype\":[\"NORMAL\",\"NORMAL\"],"
          "\"proctitle\":\"cat /etc/shadow\"}\n",
          "");
    struct collection got = collect(&format_auditd, stream, &(struct parse_options){0}, 100);
    assert_int_equal(got.last_time, INT64_C(1795255200123000));
    collection_free(&got);
}

static void hex_is_decoded_where_the_kernel_writes_it(void **state)
{
    (void)state;
    check(STR("type=EXECVE " ID ": argc=3 a0=\"sh\" a1=2D6320224122 a2_len=11 a2[0]=\"hello \" "
              "a2[1]=776F726C64 a3=\"2D63\"\n"
              "type=CWD " ID ": cwd=2F612062\n"
              "type=SYSCALL " ID ": a0=7ffd success=yes comm=61C3A9 exe=2F78 key=6B31016B32\n"),
          "{\"type\":[\"EXECVE\",\"CWD\",\"SYSCALL\"],\"msg\":\"audit(1795255200.123:4567)\","
          "\"argc\":\"3\",\"a0\":\"sh\",\"a1\":\"-c \\\"A\\\"\","
          "\"a2\":\"hello world\",\"a3\":\"2D63\",\"cwd\":\"/a "
          "b\",\"success\":\"yes\",\"comm\":\"a\xC3\xA9\","
          "\"exe\":\"/x\",\"key\":[\"k1\",\"k2\"]}\n",
          "");
}

static void messages_of_programs_are_opened(void **state)
{
    (void)state;
    check(STR("type=USER_AUTH " ID ": pid=9 uid=0 msg='op=PAM:authentication acct=\"tan\" "
              "exe=\"/usr/sbin/sshd\" addr=203.0.113.7 res=failed'\x1dUID=\"root\" "
              "AUID=\"unset\"\n"),
          "{\"type\":\"USER_AUTH\",\"msg\":\"audit(1795255200.123:4567)\",\"pid\":\"9\","
          "\"uid\":\"0\",\"op\":\"PAM:authentication\",\"acct\":\"tan\","
          "\"exe\":\"/usr/sbin/sshd\",\"addr\":\"203.0.113.7\",\"res\":\"failed\","
          "\"UID\":\"root\",\"AUID\":\"unset\"}\n",
          "");
}

static void what_auditd_adds_is_taken_and_not_made_up_again(void **state)
{
    (void)state;
    check(STR("node=web1 type=SYSCALL " ID ": arch=c000003e syscall=319 comm=\"x\""
              "\x1d"
              "ARCH=x86_64 SYSCALL=memfd_create\n"
              "node=web1 type=SOCKADDR " ID ": saddr=0200\x1dSADDR={ saddr_fam=inet "
              "laddr=198.51.100.1 lport=443 }\n"
              "type=SYSCALL " ID ": arch=c00000b7 syscall=221\n"),
          "{\"type\":[\"SYSCALL\",\"SOCKADDR\"],\"msg\":\"audit(1795255200.123:4567)\","
          "\"node\":\"web1\",\"arch\":\"c000003e\",\"syscall\":\"319\",\"comm\":\"x\","
          "\"ARCH\":\"x86_64\",\"SYSCALL\":\"memfd_create\",\"saddr\":\"0200\","
          "\"saddr_fam\":\"inet\",\"laddr\":\"198.51.100.1\",\"lport\":\"443\"}\n"
          "{\"type\":\"SYSCALL\",\"msg\":\"audit(1795255200.123:4567)\",\"arch\":\"c00000b7\","
          "\"syscall\":\"221\",\"SYSCALL\":\"execve\"}\n",
          "");
}

static void mixed_events_are_told_apart(void **state)
{
    (void)state;
    check(STR("type=SYSCALL msg=audit(1.0:1): comm=\"a\"\n"
              "type=SYSCALL msg=audit(1.0:2): comm=\"b\"\n"
              "type=CWD msg=audit(1.0:1): cwd=\"/a\"\n"
              "no record\n"
              "type=1307 msg=audit(1.0:2): cwd=\"/b\"\n"),
          "{\"type\":[\"SYSCALL\",\"CWD\"],\"msg\":\"audit(1.0:1)\",\"comm\":\"a\","
          "\"cwd\":\"/a\"}\n"
          "{\"message\":\"no record\"}\n"
          "{\"type\":[\"SYSCALL\",\"CWD\"],\"msg\":\"audit(1.0:2)\",\"comm\":\"b\","
          "\"cwd\":\"/b\"}\n",
          "116 4: not a record of the audit trail; kept as `message`\n");
}

static void a_record_without_a_type_joins_no_event(void **state)
{
    (void)state;
    check(STR("type=CWD " ID ": cwd=\"/root\"\ntype=audit(1795255200.123:4567): pro\n"),
          "{\"type\":\"CWD\",\"msg\":\"audit(1795255200.123:4567)\",\"cwd\":\"/root\"}\n"
          "{\"message\":\"type=audit(1795255200.123:4567): pro\"}\n",
          "53 2: not a record of the audit trail; kept as `message`\n");
}

static void selinux_decisions_have_the_names_of_ausearch(void **state)
{
    (void)state;
    check(STR("type=AVC " ID ": avc:  denied  { read write } for  pid=3 comm=\"httpd\" "
              "tclass=file\n"),
          "{\"type\":\"AVC\",\"msg\":\"audit(1795255200.123:4567)\",\"seresult\":\"denied\","
          "\"seperms\":\"read write\",\"pid\":\"3\",\"comm\":\"httpd\",\"tclass\":\"file\"}\n",
          "");
}

/* Many events, records of neighbours mixed, lines that are none between them. */
static void write_trail(struct buf *out)
{
    for (unsigned i = 0; i < 600; i++) {
        unsigned serial = i - i % 5 + i * 7 % 3;
        if (i % 41 == 40)
            buf_add_c(out, "not a record\n");
        buf_printf(out, "type=PATH msg=audit(1795255200.%03u:%u): item=%u\n", serial % 1000, serial,
                   i);
    }
}

static void a_trail_cut_anywhere_gives_the_same_events(void **state)
{
    (void)state;
    struct buf trail = {0};
    write_trail(&trail);
    assert_false(trail.failed);
    struct collection whole =
        collect(&format_auditd, buf_str(&trail), &(struct parse_options){0}, SIZE_MAX);
    assert_true(whole.count > 100);
    for (size_t step = 1; step < 20000; step = step * 3 + 1) {
        struct collection cut =
            collect(&format_auditd, buf_str(&trail), &(struct parse_options){0}, step);
        assert_string_equal(cut.events.ptr, whole.events.ptr);
        assert_int_equal(cut.n_errors, whole.n_errors);
        collection_free(&cut);
    }
    collection_free(&whole);
    buf_free(&trail);
}

static void a_long_trail_is_cut_near_its_end(void **state)
{
    (void)state;
    struct buf trail = {0};
    struct cutter cutter = {.format = &format_auditd};
    struct str body;
    write_trail(&trail);
    size_t taken = format_auditd.cut(&cutter, buf_str(&trail), false, &body);
    assert_true(taken > trail.len * 3 / 4 && taken < trail.len);
    assert_int_equal(taken, body.len);
    buf_free(&trail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_one_event_are_joined),
        cmocka_unit_test(hex_is_decoded_where_the_kernel_writes_it),
        cmocka_unit_test(messages_of_programs_are_opened),
        cmocka_unit_test(what_auditd_adds_is_taken_and_not_made_up_again),
        cmocka_unit_test(mixed_events_are_told_apart),
        cmocka_unit_test(a_record_without_a_type_joins_no_event),
        cmocka_unit_test(selinux_decisions_have_the_names_of_ausearch),
        cmocka_unit_test(a_trail_cut_anywhere_gives_the_same_events),
        cmocka_unit_test(a_long_trail_is_cut_near_its_end),
    };
    return cmocka_run_group_tests_name("parse/auditd", tests, NULL, NULL);
}
