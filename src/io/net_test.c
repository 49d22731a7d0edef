#include "base/test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "io/net.h"

static const char *formatted(const char *text)
{
    static char out[ERR_MESSAGE_MAX];
    struct net_address address;
    struct err err = {0};
    if (net_address_parse(str_from_c(text), &address, &err) < 0) {
        snprintf(out, sizeof(out), "%s", strstr(err.message, "is no address"));
        return out;
    }
    net_address_format((const struct sockaddr *)&address.bytes, out);
    return out;
}

static void addresses_are_read_as_people_write_them(void **state)
{
    (void)state;
    assert_string_equal(formatted("127.0.0.1:8443"), "127.0.0.1:8443");
    assert_string_equal(formatted("[::1]:6514"), "[::1]:6514");
    assert_string_equal(formatted(":514"), "[::]:514");
    assert_string_equal(formatted("[::ffff:10.1.2.3]:1"), "10.1.2.3:1");
    assert_non_null(strstr(formatted("127.0.0.1"), "is no address"));
    assert_non_null(strstr(formatted("::1:514"), "is no address"));
    assert_non_null(strstr(formatted("127.0.0.1:65536"), "is no address"));
    assert_non_null(strstr(formatted("127.0.0.1:"), "is no address"));
    assert_non_null(strstr(formatted(""), "is no address"));
}

static void a_taken_port_is_refused_with_its_address(void **state)
{
    (void)state;
    struct net_address address;
    struct err err = {0};
    assert_int_equal(net_address_parse(STR("127.0.0.1:0"), &address, &err), 0);
    int fd = net_listen(&address, SOCK_STREAM, &err);
    assert_true(fd >= 0);
    assert_int_equal(net_bound(fd, &address), 0);
    char text[NET_TEXT_MAX];
    net_address_format((const struct sockaddr *)&address.bytes, text);
    assert_string_not_equal(text, "127.0.0.1:0");
    assert_int_equal(net_listen(&address, SOCK_STREAM, &err), -EADDRINUSE);
    assert_non_null(strstr(err.message, text));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_as_people_write_them),
        cmocka_unit_test(a_taken_port_is_refused_with_its_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
