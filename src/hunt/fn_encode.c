/*
 * Functions of KQL that write text in other letters: base64, URLs, punycode, compressed texts, code points.
 */
#include <nettle/base64.h>
#include <zlib.h>

#include "base/utf8.h"
#include "hunt/dynamic.h"
#include "hunt/function.h"
#include "hunt/native.h"
#include "hunt/text_punycode.h"
#include "parse/escape.h"

#define UNPACKED_MAX (16u << 20) /* bytes of a text that is packed or unpacked */
#define UNPACK_STEP 16384u

/* RFC 4648, 4, with its padding. False: it is none. */
static bool decode_base64(struct str text, struct buf *buf)
{
    struct base64_decode_ctx ctx;
    base64_decode_init(&ctx);
    char *bytes = buf_reserve(buf, BASE64_DECODE_LENGTH(text.len) + 1);
    size_t len = BASE64_DECODE_LENGTH(text.len);
    if (!bytes || !base64_decode_update(&ctx, &len, (uint8_t *)bytes, text.len, text.ptr) ||
        !base64_decode_final(&ctx))
        return false;
    buf->len = len;
    return true;
}

NATIVE(base64_decode)
{
    struct buf buf = {0};
    struct str text = native_text(call, 0, row);
    if (decode_base64(text, &buf) && utf8_valid(buf_str(&buf)) == buf.len)
        call->put_text(call, row, buf_str(&buf));
    else
        call->put_null(call, row);
    buf_free(&buf);
}

NATIVE(base64_decode_array)
{
    struct buf bytes = {0}, buf = {0};
    if (!decode_base64(native_text(call, 0, row), &bytes)) {
        call->put_null(call, row);
        buf_free(&bytes);
        return;
    }
    for (size_t i = 0; i < bytes.len; i++)
        buf_printf(&buf, "%c%u", i ? ',' : '[', (unsigned char)bytes.ptr[i]);
    buf_add_c(&buf, bytes.len ? "]" : "[]");
    buf_free(&bytes);
    native_put(call, row, &buf);
}

static void put_base64(struct lake_call *call, uint32_t row, struct str bytes)
{
    struct buf buf = {0};
    char *text = buf_reserve(&buf, BASE64_ENCODE_RAW_LENGTH(bytes.len) + 1);
    if (text) {
        base64_encode_raw(text, bytes.len, (const uint8_t *)(bytes.ptr ? bytes.ptr : ""));
        buf.len = BASE64_ENCODE_RAW_LENGTH(bytes.len);
    }
    native_put(call, row, &buf);
}

NATIVE(base64_encode)
{
    put_base64(call, row, native_text(call, 0, row));
}

NATIVE(base64_encode_array)
{
    struct json_cursor walk = json_cursor_of(native_text(call, 0, row));
    struct buf bytes = {0};
    struct str key, value;
    int64_t number;
    bool whole = true;
    while (whole && json_cursor_next(&walk, &key, &value)) {
        whole = str_to_i64(value, &number) == 0 && number >= 0 && number < 256;
        if (whole)
            buf_add_byte(&bytes, (char)number);
    }
    if (whole && !bytes.failed)
        put_base64(call, row, buf_str(&bytes));
    else
        call->put_null(call, row);
    buf_free(&bytes);
}

/* RFC 3986, 2.3, in lower case; `form`: as forms do, with a space as '+' and !*() left alone. */
static void put_encoded(struct lake_call *call, uint32_t row, bool form)
{
    struct str text = native_text(call, 0, row);
    struct buf buf = {0};
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        bool letter = (unsigned char)((byte | 0x20) - 'a') < 26 || (unsigned char)(byte - '0') < 10;
        if (letter || (byte && strchr(form ? "-_.!*()" : "-_.~", byte)))
            buf_add_byte(&buf, (char)byte);
        else if (form && byte == ' ')
            buf_add_byte(&buf, '+');
        else
            buf_printf(&buf, "%%%02x", byte);
    }
    native_put(call, row, &buf);
}

NATIVE(url_encode)
{
    put_encoded(call, row, true);
}

NATIVE(url_encode_component)
{
    put_encoded(call, row, false);
}

NATIVE(url_decode)
{
    struct str text = native_text(call, 0, row);
    struct buf buf = {0};
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == '%' && i + 2 < text.len && escape_from_hex(str_of(text.ptr + i + 1, 2), &byte))
            i += 2;
        else if (byte == '+')
            byte = ' ';
        buf_add_byte(&buf, byte);
    }
    native_put(call, row, &buf);
}

/* ---- guids: 16 bytes, of which .NET turns the first three groups around ---- */

static const uint8_t guid_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

/* base64_encode_fromguid(): from 8-4-4-4-12 hex digits. */
NATIVE(base64_encode_guid)
{
    struct str text = native_text(call, 0, row);
    uint8_t bytes[16], turned[16];
    size_t n = 0;
    for (size_t i = 0; i + 1 < text.len && n < sizeof(bytes); i++)
        if (text.ptr[i] != '-') {
            bytes[n++] =
                (uint8_t)(str_hex_digit(text.ptr[i]) << 4 | str_hex_digit(text.ptr[i + 1]));
            i++;
        }
    if (n < sizeof(bytes)) {
        call->put_null(call, row);
        return;
    }
    for (size_t i = 0; i < sizeof(bytes); i++)
        turned[i] = bytes[guid_order[i]];
    put_base64(call, row, str_of((const char *)turned, sizeof(turned)));
}

NATIVE(base64_decode_guid)
{
    struct buf bytes = {0}, text = {0};
    if (!decode_base64(native_text(call, 0, row), &bytes) || bytes.len != 16) {
        call->put_null(call, row);
        buf_free(&bytes);
        return;
    }
    for (size_t i = 0; i < 16; i++)
        buf_printf(&text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                   (uint8_t)bytes.ptr[guid_order[i]]);
    buf_free(&bytes);
    native_put(call, row, &text);
}

/* ---- compressed, as base64: what malware hides its scripts in ---- */

/* zlib's windowBits: 15, and 16 more for gzip's header (RFC 1952). */
enum { ZLIB_BITS = 15, GZIP_BITS = 15 + 16 };

static bool inflate_all(struct str bytes, int bits, struct buf *text)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)bytes.ptr, .avail_in = (uInt)bytes.len};
    if (bytes.len > UNPACKED_MAX || inflateInit2(&stream, bits) != Z_OK)
        return false;
    int status = Z_OK;
    while (status == Z_OK && text->len < UNPACKED_MAX) {
        char *room = buf_reserve(text, UNPACK_STEP);
        if (!room)
            break;
        stream.next_out = (Bytef *)room;
        stream.avail_out = UNPACK_STEP;
        status = inflate(&stream, Z_NO_FLUSH);
        text->len += UNPACK_STEP - stream.avail_out;
    }
    inflateEnd(&stream);
    return status == Z_STREAM_END;
}

static void put_unpacked(struct lake_call *call, uint32_t row, int bits)
{
    struct buf bytes = {0}, text = {0};
    if (decode_base64(native_text(call, 0, row), &bytes) &&
        inflate_all(buf_str(&bytes), bits, &text) && utf8_valid(buf_str(&text)) == text.len)
        call->put_text(call, row, buf_str(&text));
    else
        call->put_null(call, row);
    buf_free(&bytes);
    buf_free(&text);
}

static void put_packed(struct lake_call *call, uint32_t row, int bits)
{
    struct str text = native_text(call, 0, row);
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)text.ptr, .avail_in = (uInt)text.len};
    struct buf bytes = {0};
    if (text.len > UNPACKED_MAX || deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits,
                                                MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        call->put_null(call, row);
        return;
    }
    uLong room = deflateBound(&stream, (uLong)text.len);
    stream.next_out = (Bytef *)buf_reserve(&bytes, room);
    stream.avail_out = (uInt)room;
    if (stream.next_out && deflate(&stream, Z_FINISH) == Z_STREAM_END) {
        bytes.len = stream.total_out;
        put_base64(call, row, buf_str(&bytes));
    } else {
        call->put_null(call, row);
    }
    deflateEnd(&stream);
    buf_free(&bytes);
}

NATIVE(zlib_pack)
{
    put_packed(call, row, ZLIB_BITS);
}

NATIVE(zlib_unpack)
{
    put_unpacked(call, row, ZLIB_BITS);
}

NATIVE(gzip_pack)
{
    put_packed(call, row, GZIP_BITS);
}

NATIVE(gzip_unpack)
{
    put_unpacked(call, row, GZIP_BITS);
}

/* ---- code points ---- */

NATIVE(code_points)
{
    struct str text = native_text(call, 0, row);
    struct buf buf = {0};
    while (text.len) {
        uint32_t point;
        size_t len = utf8_decode(text, &point);
        buf_printf(&buf, "%c%u", buf.len ? ',' : '[', point);
        text = str_skip(text, len);
    }
    buf_add_c(&buf, buf.len ? "]" : "[]");
    native_put(call, row, &buf);
}

/* The text of an array of code points, and of arrays in it. */
static void add_points(struct str array, unsigned depth, struct buf *text)
{
    struct json_cursor walk = json_cursor_of(array);
    struct str key, value;
    int64_t point;
    char bytes[4];
    while (json_cursor_next(&walk, &key, &value)) {
        if (depth == 0 && dynamic_kind(value) == DYNAMIC_ARRAY)
            add_points(value, depth + 1, text);
        else if (str_to_i64(value, &point) == 0 && point >= 0 && point <= UINT32_MAX)
            buf_add(text, bytes, utf8_encode((uint32_t)point, bytes));
    }
}

NATIVE(of_code_points)
{
    struct buf text = {0};
    add_points(native_text(call, 0, row), 0, &text);
    native_put(call, row, &text);
}

/* ---- punycode ---- */

static void put_converted(struct lake_call *call, uint32_t row,
                          bool (*convert)(struct str text, struct buf *out))
{
    struct buf buf = {0};
    if (!convert(native_text(call, 0, row), &buf))
        buf_clear(&buf);
    native_put(call, row, &buf);
}

NATIVE(punycode_encode)
{
    put_converted(call, row, text_punycode_encode);
}

NATIVE(punycode_decode)
{
    put_converted(call, row, text_punycode_decode);
}

NATIVE(punycode_encode_domain)
{
    put_converted(call, row, text_punycode_encode_domain);
}

NATIVE(punycode_decode_domain)
{
    put_converted(call, row, text_punycode_decode_domain);
}

#define TEXT(name_, result_, call_)                                                                \
    {                                                                                              \
        .name = name_, .result = result_, .parameters = {LAKE_TEXT}, .call = call_                 \
    }

const struct lake_function hunt_encode_natives[] = {
    TEXT("kql_base64_decode", LAKE_TEXT, base64_decode),
    TEXT("kql_base64_decode_array", LAKE_JSON, base64_decode_array),
    TEXT("kql_base64_decode_guid", LAKE_TEXT, base64_decode_guid),
    TEXT("kql_base64_encode", LAKE_TEXT, base64_encode),
    TEXT("kql_base64_encode_array", LAKE_TEXT, base64_encode_array),
    TEXT("kql_base64_encode_guid", LAKE_TEXT, base64_encode_guid),
    TEXT("kql_url_encode", LAKE_TEXT, url_encode),
    TEXT("kql_url_encode_component", LAKE_TEXT, url_encode_component),
    TEXT("kql_url_decode", LAKE_TEXT, url_decode),
    TEXT("kql_zlib_pack", LAKE_TEXT, zlib_pack),
    TEXT("kql_zlib_unpack", LAKE_TEXT, zlib_unpack),
    TEXT("kql_gzip_pack", LAKE_TEXT, gzip_pack),
    TEXT("kql_gzip_unpack", LAKE_TEXT, gzip_unpack),
    TEXT("kql_code_points", LAKE_JSON, code_points),
    TEXT("kql_of_code_points", LAKE_TEXT, of_code_points),
    TEXT("kql_punycode_encode", LAKE_TEXT, punycode_encode),
    TEXT("kql_punycode_decode", LAKE_TEXT, punycode_decode),
    TEXT("kql_punycode_encode_domain", LAKE_TEXT, punycode_encode_domain),
    TEXT("kql_punycode_decode_domain", LAKE_TEXT, punycode_decode_domain),
    {0},
};

/* Code points one by one, or in arrays: all in one array. */
static int emit_of_code_points(struct hunt_bind *bind, const struct hunt_call *call,
                               struct hunt_value *ret)
{
    struct str list = {"", 0};
    for (uint32_t i = 0; i < call->n_args; i++)
        list = hunt_text(bind, "%.*s%s%.*s", STR_ARG(list), i ? ", " : "",
                         STR_ARG(hunt_element(bind, call->args[i])));
    ret->sql = hunt_text(bind, "kql_of_code_points(json_array(%.*s))", STR_ARG(list));
    return 0;
}

const struct hunt_function hunt_encode_scalars[] = {
    {"url_encode(text: string) string", .sql = "kql_url_encode($1)"},
    {"url_encode_component(text: string) string", .sql = "kql_url_encode_component($1)"},
    {"url_decode(text: string) string", .sql = "kql_url_decode($1)"},
    {"base64_encode_tostring(text: string) string", .sql = "kql_base64_encode($1)"},
    {"base64_encodestring(text: string) string", .sql = "kql_base64_encode($1)"},
    {"base64_encode_fromarray(bytes: dynamic) string", .sql = "kql_base64_encode_array($1)"},
    {"base64_decode_tostring(text: string) string", .sql = "kql_base64_decode($1)"},
    {"base64_decodestring(text: string) string", .sql = "kql_base64_decode($1)"},
    {"base64_decode_toarray(text: string) dynamic", .sql = "kql_base64_decode_array($1)"},
    {"base64_encode_fromguid(guid: guid) string", .sql = "kql_base64_encode_guid($1)"},
    {"base64_decode_toguid(text: string) guid", .sql = "kql_base64_decode_guid($1)"},
    {"zlib_compress_to_base64_string(text: string) string", .sql = "kql_zlib_pack($1)"},
    {"zlib_decompress_from_base64_string(text: string) string", .sql = "kql_zlib_unpack($1)"},
    {"gzip_compress_to_base64_string(text: string) string", .sql = "kql_gzip_pack($1)"},
    {"gzip_decompress_from_base64_string(text: string) string", .sql = "kql_gzip_unpack($1)"},
    {"unicode_codepoints_from_string(text: string) dynamic", .sql = "kql_code_points($1)"},
    {"to_utf8(text: string) dynamic", .sql = "kql_code_points($1)"},
    {"unicode_codepoints_to_string(point: scalar...) string", .emit = emit_of_code_points},
    {"make_string(point: scalar...) string", .emit = emit_of_code_points},
    {"punycode_from_string(text: string) string", .sql = "kql_punycode_encode($1)"},
    {"punycode_to_string(text: string) string", .sql = "kql_punycode_decode($1)"},
    {"punycode_domain_to_string(domain: string) string", .sql = "kql_punycode_encode_domain($1)"},
    {"punycode_domain_from_string(domain: string) string", .sql = "kql_punycode_decode_domain($1)"},
    {0},
};
