#include "ship/client.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/test.h"

/* A port of loopback that nobody listens on, for as long as the socket that holds it is open. */
static int closed_port(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int try_options(struct client_options options)
{
    struct err err = {0};
    options.url = options.url ? options.url : "https://centre.example:8443";
    struct client *client = client_new(&options, &err);
    client_free(client);
    assert_int_equal(client == NULL, err.code < 0);
    return err.code;
}

static void an_address_is_http_and_nothing_more(void **state)
{
    (void)state;
    assert_int_equal(try_options((struct client_options){.url = "https://centre.example/jaga/"}),
                     0);
    assert_int_equal(try_options((struct client_options){.url = "centre.example"}), -EINVAL);
    assert_int_equal(try_options((struct client_options){.url = "file:///etc/passwd"}), -EINVAL);
    assert_int_equal(try_options((struct client_options){.url = "https://x/?a=b"}), -EINVAL);
}

static void a_token_cannot_end_its_header(void **state)
{
    (void)state;
    assert_int_equal(try_options((struct client_options){.token = "jaga_abc"}), 0);
    assert_int_equal(try_options((struct client_options){.token = "a\r\nX-Other: b"}), -EINVAL);
    assert_int_equal(try_options((struct client_options){.token = ""}), -EINVAL);
    assert_int_equal(try_options((struct client_options){.token_file = "/nowhere"}), -ENOENT);
}

static void a_fingerprint_is_32_bytes_of_hex(void **state)
{
    char text[32 * 3];
    (void)state;
    for (size_t i = 0; i < 32; i++)
        memcpy(text + 3 * i, "Ab:", 3);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(try_options((struct client_options){.fingerprint = text}), 0);
    assert_int_equal(try_options((struct client_options){.fingerprint = "ab:cd"}), -EINVAL);
    text[sizeof(text) - 2] = 'x';
    assert_int_equal(try_options((struct client_options){.fingerprint = text}), -EINVAL);
}

static void what_is_packed_can_be_unpacked_within_a_limit(void **state)
{
    struct buf text = {0}, packed = {0}, again = {0};
    (void)state;
    for (unsigned i = 0; i < 50000; i++)
        buf_add_u64(&text, i);
    assert_int_equal(client_pack(buf_str(&text), &packed), 0);
    assert_true(packed.len < text.len / 2);
    assert_int_equal(client_unpack(buf_str(&packed), text.len, &again), 0);
    assert_int_equal(again.len, text.len);
    assert_memory_equal(again.ptr, text.ptr, text.len);
    buf_clear(&again);
    assert_int_equal(client_unpack(buf_str(&packed), 1000, &again), -E2BIG);
    buf_clear(&again);
    assert_int_equal(client_unpack(str_first(buf_str(&packed), 100), text.len, &again), -EINVAL);
    buf_free(&text);
    buf_free(&packed);
    buf_free(&again);
}

static void what_would_end_a_query_is_escaped(void **state)
{
    struct buf out = {0};
    (void)state;
    client_escape(STR("web-1.a_b~ &=?#/\xc3\xa9"), &out);
    assert_str(buf_str(&out), "web-1.a_b~%20%26%3D%3F%23%2F%C3%A9");
    buf_free(&out);
}

static void patience_with_a_server_that_is_not_there_has_an_end(void **state)
{
    char url[64];
    struct err err = {0};
    (void)state;
    int port, fd = closed_port(&port);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
    const struct client_options options = {.url = url, .patience_us = 1};
    const struct client_request request = {.method = "GET", .path = "/"};
    struct client_reply reply = {0};
    struct client *client = client_new(&options, &err);
    assert_non_null(client);
    assert_int_equal(client_deliver(client, &request, &reply, &err), -EIO);
    assert_non_null(strstr(err.message, url));
    client_reply_free(&reply);
    client_free(client);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_http_and_nothing_more),
        cmocka_unit_test(a_token_cannot_end_its_header),
        cmocka_unit_test(a_fingerprint_is_32_bytes_of_hex),
        cmocka_unit_test(what_is_packed_can_be_unpacked_within_a_limit),
        cmocka_unit_test(what_would_end_a_query_is_escaped),
        cmocka_unit_test(patience_with_a_server_that_is_not_there_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
