#include "watch/peer.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/test.h"

static struct peer_net net(const char *text)
{
    struct peer_net parsed = {0};
    assert_int_equal(peer_net_parse(str_from_c(text), &parsed), 0);
    return parsed;
}

static struct peer_net of4(const char *address)
{
    struct peer_net made = {0};
    struct sockaddr_in in = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, address, &in.sin_addr), 1);
    assert_int_equal(peer_net_of((struct sockaddr *)&in, &made), 0);
    return made;
}

static struct peer_net of6(const char *address)
{
    struct peer_net made = {0};
    struct sockaddr_in6 in = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, address, &in.sin6_addr), 1);
    assert_int_equal(peer_net_of((struct sockaddr *)&in, &made), 0);
    return made;
}

static bool same(struct peer_net a, struct peer_net b)
{
    return peer_net_eq(&a, &b) && peer_net_hash(&a) == peer_net_hash(&b);
}

static void an_address_is_in_the_networks_around_it(void **state)
{
    (void)state;
    assert_true(same(peer_net_around(of4("10.1.130.7"), 17), net("10.1.128.0/17")));
    assert_false(same(peer_net_around(of4("10.1.127.7"), 17), net("10.1.128.0/17")));
    assert_true(same(peer_net_around(of4("10.1.2.3"), 0), net("0.0.0.0/0")));
    assert_true(same(of4("10.1.2.3"), net("10.1.2.3")));
    assert_true(same(peer_net_around(of6("2001:db8:0:ff::1"), 57), net("2001:db8:0:80::/57")));
    assert_true(same(of6("2001:db8::1"), net("2001:db8::1")));
}

static void bits_behind_the_prefix_do_not_matter(void **state)
{
    (void)state;
    assert_true(same(net("10.1.2.3/8"), net("10.0.0.0/8")));
    assert_true(same(net("2001:db8::ffff/32"), net("2001:db8::/32")));
}

static void an_ipv4_address_mapped_into_ipv6_is_the_ipv4_address(void **state)
{
    (void)state;
    assert_true(same(of6("::ffff:192.0.2.1"), of4("192.0.2.1")));
    assert_true(same(net("::ffff:192.0.2.0/120"), net("192.0.2.0/24")));
}

static void the_two_families_have_nothing_in_common(void **state)
{
    (void)state;
    assert_false(same(net("0.0.0.0/0"), net("::/0")));
}

static void what_is_no_network_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "/8",
        "10.0.0.0/33",
        "10.0.0/8",
        "2001:db8::/129",
        "10.0.0.0/",
        "10.0.0.0/x",
        "example.org",
        "10.0.0.0/-1",
        "10.0.0.0/8/16",
        "1:2:3:4:5:6:7:8:9",
    };
    struct peer_net parsed;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(peer_net_parse(str_from_c(bad[i]), &parsed), -EINVAL);
    assert_int_equal(peer_net_parse(str_of("10.0.0.1\0", 9), &parsed), -EINVAL);
    assert_int_equal(peer_net_of(&(struct sockaddr){.sa_family = AF_UNIX}, &parsed), -EAFNOSUPPORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_in_the_networks_around_it),
        cmocka_unit_test(bits_behind_the_prefix_do_not_matter),
        cmocka_unit_test(an_ipv4_address_mapped_into_ipv6_is_the_ipv4_address),
        cmocka_unit_test(the_two_families_have_nothing_in_common),
        cmocka_unit_test(what_is_no_network_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
